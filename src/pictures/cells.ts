/** A sequence of runs as a row of cells of the same size. */

/** A run of something, in the order of the row. */
interface Run {
  readonly length: number;
}

/**
 * The number of a run's kind for each cell. A cell has one kind only: what the others lose in it, they get in the next, so
 * that each kind has as many cells as it has bytes, near where they are.
 */
export function cellsOf<R extends Run>(
  runs: readonly R[],
  kindOf: (run: R) => number,
  cells: number,
  size: number = runs.reduce((sum, { length }) => sum + length, 0),
): number[] {
  const row: number[] = [];
  if (size === 0) return row;
  const width = size / cells;
  const owed = new Map<number, number>();
  let filled = 0;
  const finish = () => {
    const [kind] = [...owed].reduce((best, entry) => entry[1] > best[1] ? entry : best);
    owed.set(kind, owed.get(kind)! - width);
    row.push(kind);
    filled = 0;
  };
  for (const run of runs) {
    const kind = kindOf(run);
    let left = run.length;
    while (left > 0) {
      const part = Math.min(left, width - filled);
      owed.set(kind, (owed.get(kind) ?? 0) + part);
      filled += part;
      left -= part;
      if (width - filled < width * 1e-9) finish();
    }
  }
  if (filled >= width / 2) finish();
  return row;
}
