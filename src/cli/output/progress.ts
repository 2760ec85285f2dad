/** Shows on standard error how far a job is. */
import { environment } from "../../deno/system/permitted.ts";
import { originName } from "../../core/origin.ts";
import type { Progress, SourceCount } from "../../core/progress.ts";
import { barLine, type BarState } from "./bar_line.ts";
import type { ProgressMode } from "../flags/progress.ts";
import { barIsDrawn, drawLine, printError, printErrorJson } from "./output.ts";
import { paintRibbon } from "../../pictures/filling_ribbon.ts";
import { showsColours, terminalColumns } from "./terminal.ts";
import { formatGoSeconds } from "../../core/amounts.ts";

/** `plain` is the bar as lines, for terminals that cannot go back in one. */
type Mode = Exclude<ProgressMode, "auto" | "none"> | "plain";

/** Between two looks at the job. */
const INTERVAL_MS: Readonly<Record<Mode, number>> = { bar: 200, plain: 3000, lines: 500, json: 1000 };
/** The speed that is shown is that of about the last seconds. */
const SMOOTHING = 0.15;

/** A bar was asked for where there is no terminal. */
const COLUMNS_OF_A_FILE = 120;

/** A bar on a narrower terminal has no room for the sources' names, which explain the colours. */
const RIBBON_COLUMNS = 90;

/** What a job is called, and what it counts in. */
interface ProgressLabels {
  /** Default: bytes. */
  readonly unit?: BarState["unit"];
  /** What the job does with the compressed bytes that it counts. Default: it reads them. */
  readonly stored?: BarState["stored"];
  /** What desync calls it in its lines for programs. */
  readonly label?: string;
  /** On a wide terminal the bar has the colours of the sources. */
  readonly ribbon?: boolean;
}

/** The option that asks for a way to show it. */
interface ProgressFlags {
  readonly progress: ProgressMode;
}

interface Display {
  show(): void;
  /** `isDone` says that all is, whatever was counted. */
  end(isDone?: boolean): void;
}

/** What is shown of a job. */
interface ShownProgress extends Disposable {
  /**
   * Begins another phase, for which the job's progress is counted anew. Only desync's lines call phases by a label. `isDone`
   * says that the one before is.
   */
  begin(label: string, isDone: boolean): void;
}

/** Shows the progress until it is disposed, in the way that the options and the environment ask for. */
export function showProgress(
  progress: Progress,
  flags: ProgressFlags,
  labels: ProgressLabels = {},
): ShownProgress {
  const mode = modeOf(flags.progress);
  if (mode === "none") return { begin: () => {}, [Symbol.dispose]: () => {} };
  let { label } = labels;
  let display = makeDisplay(mode, progress, labels);
  display.show();
  const timer = setInterval(() => display.show(), INTERVAL_MS[mode]);
  return {
    begin: (next, isDone) => {
      if (mode !== "lines" || next === label) return;
      label = next;
      display.end(isDone);
      display = makeDisplay(mode, progress, { ...labels, label });
      display.show();
    },
    [Symbol.dispose]: () => {
      clearInterval(timer);
      display.end();
    },
  };
}

/** What a source gave, as JSON has it. */
export function namedSource(
  { origin, ...counts }: SourceCount,
): { readonly name: string } & Omit<SourceCount, "origin"> {
  return { name: originName(origin), ...counts };
}

/** Whether progress is for people to read, who also want to read at the end what was done. */
export function isForPeople(flags: ProgressFlags): boolean {
  return ["bar", "plain"].includes(modeOf(flags.progress));
}

function makeDisplay(mode: Mode, progress: Progress, labels: ProgressLabels): Display {
  if (mode === "json") return new JsonLines(progress, labels.unit ?? "bytes");
  if (mode === "lines") return new PercentLines(progress, labels.label ?? "");
  return new Bar(progress, labels, mode === "plain");
}

function modeOf(asked: ProgressMode): Mode | "none" {
  const bar = environment("TERM") === "dumb" ? "plain" : "bar";
  if (asked !== "auto") return asked === "bar" ? bar : asked;
  if (environment("DESYNC_ENABLE_PARSABLE_PROGRESS") !== "") return "lines";
  return Deno.stderr.isTerminal() || environment("DESYNC_PROGRESSBAR_ENABLED") !== "" ? bar : "none";
}

class JsonLines implements Display {
  readonly #progress: Progress;
  readonly #unit: BarState["unit"];
  readonly #start = performance.now();

  constructor(progress: Progress, unit: BarState["unit"]) {
    this.#progress = progress;
    this.#unit = unit;
  }

  show(): void {
    const { done, total, sources } = this.#progress;
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = seconds > 0 ? done / seconds : 0;
    const named = sources.map(namedSource);
    const line = {
      done,
      total,
      unit: this.#unit,
      seconds: Number(seconds.toFixed(3)),
      secondsLeft: rate > 0 ? Math.round((total - done) / rate) : null,
      // Where directories or chunks are counted, it is not known how many bytes the chunks have.
      sources: this.#unit === "bytes" ? named : named.map(({ bytes: _, ...rest }) => rest),
    };
    printErrorJson(line);
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

  end(isDone = false): void {
    this.#print(this.#seconds, isDone);
    printError("\n");
  }

  get #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  #print(seconds: number | undefined, isDone = false): void {
    const { done, total } = this.#progress;
    // Of what has no size that is known, all that is done is all there is.
    const share = isDone ? 1 : total > 0 ? done / total : Math.min(done, 1);
    const time = seconds === undefined ? "" : ` ${formatGoSeconds(seconds)}`;
    printError(`${this.#prefix} ${(100 * share).toFixed(2).padStart(6)}%${time}\n`);
  }
}

class Bar implements Display {
  readonly #progress: Progress;
  readonly #labels: ProgressLabels;
  readonly #plain: boolean;
  readonly #start = performance.now();
  #rate: number | undefined;
  #shownAt = this.#start;
  #shownDone = 0;

  constructor(progress: Progress, labels: ProgressLabels, plain: boolean) {
    this.#progress = progress;
    this.#labels = labels;
    this.#plain = plain;
    if (!plain) barIsDrawn("\r\x1b[K");
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
    this.#draw(this.#rate ?? 0, this.#rate && total > 0 ? (total - done) / this.#rate : undefined, false);
  }

  end(): void {
    const seconds = (performance.now() - this.#start) / 1000;
    this.#draw(seconds > 0 ? this.#progress.done / seconds : 0, seconds, true);
    if (this.#plain) return;
    printError("\n");
    barIsDrawn("");
  }

  #draw(rate: number, seconds: number | undefined, ended: boolean): void {
    const { done, total, sources } = this.#progress;
    const { unit = "bytes", stored = "read" } = this.#labels;
    // The last column stays free: many terminals go on to the next line when it is written to.
    const columns = terminalColumns(COLUMNS_OF_A_FILE) - 1;
    const line = barLine({ done, total, unit, rate, seconds, ended, sources, stored }, columns);
    if (this.#plain) printError(`${line}\n`);
    else if (this.#labels.ribbon && columns >= RIBBON_COLUMNS && showsColours(Deno.stderr)) {
      drawLine(line, (line) => paintRibbon(line, sources));
    } else drawLine(line);
  }
}
