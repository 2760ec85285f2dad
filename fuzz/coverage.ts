/** Which parts of the source have run, as V8 counts them: blocks within functions. */
import { Session } from "node:inspector";

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

/** What V8 reports: scripts that ran since the last time it was asked. */
interface Taken {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly Range[] }[];
  }[];
}

type Interval = readonly [start: number, end: number];

/** Functions by their places, each with those parts of it that did not run. */
export type Ran = ReadonlyMap<string, readonly Interval[]>;

/** Remembers what has run at all. */
export class Coverage {
  readonly #session: Session;
  readonly #wanted: string;
  readonly #idle = new Map<string, readonly Interval[]>();

  private constructor(session: Session, wanted: string) {
    this.#session = session;
    this.#wanted = wanted;
  }

  /** Begins to count in the scripts below this URL. */
  static async start(wanted: string): Promise<Coverage> {
    const session = new Session();
    session.connect();
    const coverage = new Coverage(session, wanted);
    await coverage.#post("Profiler.enable");
    await coverage.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return coverage;
  }

  /** What has run since the last time. */
  async take(): Promise<Ran> {
    const { result } = await this.#post("Profiler.takePreciseCoverage") as Taken;
    const ran = new Map<string, readonly Interval[]>();
    for (const { url, functions } of result) {
      if (!url.startsWith(this.#wanted)) continue;
      for (const { ranges } of functions) {
        const [whole, ...parts] = ranges;
        if (whole.count === 0) continue;
        ran.set(`${url}:${whole.startOffset}-${whole.endOffset}`, idleParts(parts));
      }
    }
    return ran;
  }

  /** Whether something ran that has never run before. */
  hasNews(ran: Ran): boolean {
    for (const [place, idle] of ran) {
      const before = this.#idle.get(place);
      if (before === undefined || sizeOf(intersection(before, idle)) < sizeOf(before)) return true;
    }
    return false;
  }

  /** Remembers what ran. */
  add(ran: Ran): void {
    for (const [place, idle] of ran) {
      const before = this.#idle.get(place);
      this.#idle.set(place, before === undefined ? idle : intersection(before, idle));
    }
  }

  #post(method: string, params: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, params, (error, result) => error === null ? resolve(result) : reject(error));
    });
  }
}

/** Of the nested ranges the innermost counts. */
function idleParts(ranges: readonly Range[]): Interval[] {
  const idle: Interval[] = [];
  for (const { startOffset, endOffset, count } of ranges) {
    if (count === 0) idle.push([startOffset, endOffset]);
  }
  return idle.sort((a, b) => a[0] - b[0]);
}

function intersection(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const both: Interval[] = [];
  for (const [from, to] of a) {
    for (const [start, end] of b) {
      if (Math.max(from, start) < Math.min(to, end)) both.push([Math.max(from, start), Math.min(to, end)]);
    }
  }
  return both;
}

function sizeOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, [start, end]) => sum + end - start, 0);
}
