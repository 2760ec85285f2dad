/** Times of nodes: nanoseconds since 1970, or before. */

const BILLION = 1_000_000_000n;

/** Whole seconds, and the nanoseconds that come on top of them, as most have a time: the latter are never negative. */
export function splitTime(time: bigint): { seconds: bigint; nanoseconds: bigint } {
  const nanoseconds = ((time % BILLION) + BILLION) % BILLION;
  return { seconds: (time - nanoseconds) / BILLION, nanoseconds };
}
