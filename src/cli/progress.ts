/** Shows on standard error how far a job is. */
import { environment } from "../deno/permitted.ts";
import type { Progress, SourceCount } from "../jobs/progress.ts";
import type { FlagValues, ProgressMode } from "./flags.ts";
import { printError } from "./output.ts";
import { formatBytes, formatGoSeconds, formatSeconds } from "./text.ts";

type Mode = Exclude<ProgressMode, "auto" | "none">;

/** Between two looks at the job. */
const INTERVAL_MS: Readonly<Record<Mode, number>> = { bar: 200, lines: 500, json: 1000 };
const BAR_CELLS = 24;
/** The speed that is shown is that of about the last seconds. */
const SMOOTHING = 0.15;

/** How amounts of a job are written. */
type Unit = "bytes" | "folders";

/** What a job is called, and what it counts in. */
export interface Shown {
  /** Default: bytes. */
  readonly unit?: Unit;
  /** What desync calls it in its lines for programs. */
  readonly label?: string;
}

interface Display {
  show(): void;
  end(): void;
}

/** Shows the progress until it is disposed, in the way that the options and the environment ask for. */
export function showProgress(progress: Progress, flags: FlagValues, shown: Shown = {}): Disposable {
  const mode = modeOf(flags.progress ?? "auto");
  if (mode === "none") return { [Symbol.dispose]: () => {} };
  const display = makeDisplay(mode, progress, shown);
  display.show();
  const timer = setInterval(() => display.show(), INTERVAL_MS[mode]);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      display.end();
    },
  };
}

function makeDisplay(mode: Mode, progress: Progress, { unit = "bytes", label = "" }: Shown): Display {
  if (mode === "json") return new JsonLines(progress);
  return mode === "lines" ? new PercentLines(progress, label) : new Bar(progress, unit);
}

function modeOf(asked: ProgressMode): Mode | "none" {
  if (asked !== "auto") return asked;
  if (environment("DESYNC_ENABLE_PARSABLE_PROGRESS") !== "") return "lines";
  return Deno.stderr.isTerminal() || environment("DESYNC_PROGRESSBAR_ENABLED") !== "" ? "bar" : "none";
}

class JsonLines implements Display {
  readonly #progress: Progress;
  readonly #start = performance.now();

  constructor(progress: Progress) {
    this.#progress = progress;
  }

  show(): void {
    const { done, total, sources } = this.#progress;
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const line = {
      done,
      total,
      seconds: Number(seconds.toFixed(3)),
      secondsLeft: rate > 0 ? Math.round((total - done) / rate) : null,
      sources,
    };
    printError(`${JSON.stringify(line)}\n`);
  }

  end(): void {
    this.show();
  }
}

/** The lines that desync in Go writes for programs: `Chunking   48.20% 1m5s`. */
class PercentLines implements Display {
  readonly #progress: Progress;
  readonly #prefix: string;
  readonly #start = performance.now();

  constructor(progress: Progress, label: string) {
    this.#progress = progress;
    this.#prefix = label === "" ? "" : `${label} `;
  }

  show(): void {
    const { done, total } = this.#progress;
    const seconds = this.#seconds;
    this.#print(0 < done && done < total ? ((total - done) / done) * seconds : undefined);
  }

  end(): void {
    this.#print(this.#seconds);
    printError("\n");
  }

  get #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  #print(seconds: number | undefined): void {
    const { done, total } = this.#progress;
    // Of what has no size that is known, all that is done is all there is.
    const share = total > 0 ? done / total : Math.min(done, 1);
    const time = seconds === undefined ? "" : ` ${formatGoSeconds(seconds)}`;
    printError(`${this.#prefix} ${(100 * share).toFixed(2).padStart(6)}%${time}\n`);
  }
}

class Bar implements Display {
  readonly #progress: Progress;
  readonly #unit: Unit;
  readonly #start = performance.now();
  #rate: number | undefined;
  #shownAt = this.#start;
  #shownDone = 0;

  constructor(progress: Progress, unit: Unit) {
    this.#progress = progress;
    this.#unit = unit;
  }

  show(): void {
    const now = performance.now();
    const { done, total } = this.#progress;
    if (now > this.#shownAt) {
      const rate = (done - this.#shownDone) / ((now - this.#shownAt) / 1000);
      this.#rate = this.#rate === undefined ? rate : this.#rate + SMOOTHING * (rate - this.#rate);
      this.#shownAt = now;
      this.#shownDone = done;
    }
    const left = this.#rate && total > 0 ? `${formatSeconds((total - done) / this.#rate)} left` : "";
    this.#draw(this.#rate ?? 0, left);
  }

  end(): void {
    const seconds = (performance.now() - this.#start) / 1000;
    this.#draw(seconds > 0 ? this.#progress.done / seconds : 0, `in ${formatSeconds(seconds)}`);
    printError("\n");
  }

  #draw(rate: number, time: string): void {
    const { done, total, sources } = this.#progress;
    if (total === 0) return this.#line([`${formatBytes(done)} done`, `${formatBytes(rate)}/s`, time]);
    const share = done / total;
    const full = Math.round(share * BAR_CELLS);
    const bar = "#".repeat(full) + ".".repeat(BAR_CELLS - full);
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    const amount = this.#unit === "bytes"
      ? `${formatBytes(done)} of ${formatBytes(total)}`
      : `${done} of ${total} folders`;
    const speed = this.#unit === "bytes" ? `${formatBytes(rate)}/s` : `${Math.round(rate)}/s`;
    const parts = [`[${bar}]${percent}`, amount, speed, time, this.#unit === "bytes" ? origins(sources) : ""];
    this.#line(parts);
  }

  #line(parts: readonly string[]): void {
    const line = parts.filter((part) => part !== "").join("  ");
    printError(`\r${line.slice(0, width() - 1)}\x1b[K`);
  }
}

/** Which source gave how much: `cache 1.2 GB, store 300 MB (95 MB read)`. */
function origins(sources: readonly SourceCount[]): string {
  return sources.map(({ name, bytes, storedBytes }) => {
    const read = storedBytes === 0 || storedBytes === bytes ? "" : ` (${formatBytes(storedBytes)} read)`;
    return `${name}: ${formatBytes(bytes)}${read}`;
  }).join(", ");
}

function width(): number {
  try {
    return Math.max(20, Deno.consoleSize().columns);
  } catch {
    return 120;
  }
}
