/** Long sequences of chunks as few runs, for pictures and lists that stay short however large a blob is. */

/** Bytes that have the same kind: where they come from, say, or what becomes of them. */
export interface KindRun {
  /** Where it begins. */
  readonly offset: number;
  /** Its bytes. */
  readonly length: number;
  /** A number that the caller knows the meaning of. */
  readonly kind: number;
}

/** Runs in the order of the blob, without gaps. */
export interface KindRuns {
  readonly runs: readonly KindRun[];
  /**
   * 0 when the runs are exact. Otherwise the blob was divided into spans of so many bytes: within each, the bytes of a kind
   * are exact and stand together, so that a run may be off by less than a span.
   */
  readonly precision: number;
}

/** Runs at most, where they are to be exact. */
const MOST_RUNS = 2000;
/** A span usually has few kinds. */
const SPANS = 500;

/**
 * The runs of chunks that end at `ends`, of these kinds. When they are more than `most`, those within a span are
 * sorted by kind.
 */
export function runsOf(ends: Float64Array, kinds: ArrayLike<number>, most: number = MOST_RUNS): KindRuns {
  let count = 0;
  for (let i = 0; i < ends.length; i++) if (i === 0 || kinds[i] !== kinds[i - 1]) count++;
  const list = new RunList();
  if (count <= most) {
    for (let i = 0; i < ends.length; i++) list.add(kinds[i], ends[i] - (i === 0 ? 0 : ends[i - 1]));
    return { runs: list.runs, precision: 0 };
  }
  const precision = Math.ceil(ends[ends.length - 1] / Math.min(SPANS, most));
  let start = 0;
  let spanEnd = precision;
  const sums = new Map<number, number>();
  const flush = () => {
    // The kind that the last span ended with goes on first.
    const { last } = list;
    if (last !== undefined && sums.has(last)) list.add(last, sums.get(last)!);
    for (const [kind, bytes] of sums) if (kind !== last) list.add(kind, bytes);
    sums.clear();
  };
  for (let i = 0; i < ends.length; i++) {
    while (start < ends[i]) {
      const end = Math.min(ends[i], spanEnd);
      sums.set(kinds[i], (sums.get(kinds[i]) ?? 0) + end - start);
      start = end;
      if (end < spanEnd) continue;
      flush();
      spanEnd += precision;
    }
  }
  flush();
  return { runs: list.runs, precision };
}

/** Joins what is of one kind. */
class RunList {
  readonly runs: { offset: number; length: number; kind: number }[] = [];
  #end = 0;

  get last(): number | undefined {
    return this.runs.at(-1)?.kind;
  }

  add(kind: number, length: number): void {
    const last = this.runs.at(-1);
    if (last?.kind === kind) last.length += length;
    else if (length > 0) this.runs.push({ offset: this.#end, length, kind });
    this.#end += length;
  }
}
