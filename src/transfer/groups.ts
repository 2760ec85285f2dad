/** How much of a blob a thread gets at a time. */

/** Bytes that are written, or hashed, by one thread before anything else is heard. */
export const GROUP_BYTES: number = 4 * 1024 * 1024;
/** Spans of a file that a worker hashes at a time, when they are small. */
export const GROUP_SPANS = 64;

/** The chunks in groups of up to `count`, which may change on the way, and about `bytes`, which `weigh` counts. */
export function* grouped<T extends { readonly size: number }>(
  chunks: Iterable<T>,
  count: number | (() => number),
  bytes: number,
  weigh: (chunk: T) => number = ({ size }) => size,
): Generator<T[]> {
  const most = typeof count === "number" ? () => count : count;
  let group: T[] = [];
  let sum = 0;
  for (const chunk of chunks) {
    const weight = weigh(chunk);
    if (group.length > 0 && (group.length >= most() || sum + weight > bytes)) {
      yield group;
      group = [];
      sum = 0;
    }
    group.push(chunk);
    sum += weight;
  }
  if (group.length > 0) yield group;
}
