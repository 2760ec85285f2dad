/** Shows on standard error how far a job is. */
import { environment } from "../deno/permitted.ts";
import type { Progress, SourceCount } from "../jobs/progress.ts";
import type { FlagValues, ProgressMode } from "./flags.ts";
import { printError } from "./output.ts";
import { formatBytes, formatSeconds } from "./text.ts";

const BAR_INTERVAL_MS = 200;
const LINE_INTERVAL_MS = 1000;
const BAR_CELLS = 24;
/** The speed that is shown is that of about the last seconds. */
const SMOOTHING = 0.15;

/** How amounts of a job are written. */
export type Unit = "bytes" | "folders";

/** Shows the progress until it is disposed, in the way that the options and the environment ask for. */
export function showProgress(progress: Progress, flags: FlagValues, unit: Unit = "bytes"): Disposable {
  const mode = modeOf(flags.progress ?? "auto");
  if (mode === "none") return { [Symbol.dispose]: () => {} };
  const display = mode === "json" ? new JsonLines(progress) : new Bar(progress, unit);
  display.show();
  const timer = setInterval(() => display.show(), mode === "json" ? LINE_INTERVAL_MS : BAR_INTERVAL_MS);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      display.end();
    },
  };
}

function modeOf(asked: ProgressMode): Exclude<ProgressMode, "auto"> {
  if (asked !== "auto") return asked;
  if (environment("DESYNC_ENABLE_PARSABLE_PROGRESS") !== "") return "json";
  return Deno.stderr.isTerminal() || environment("DESYNC_PROGRESSBAR_ENABLED") !== "" ? "bar" : "none";
}

class JsonLines {
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

class Bar {
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
