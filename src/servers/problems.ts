/** What operators get to know of failures: each kind now and then, however many requests it meets. */
import type { DesyncError } from "../core/errors.ts";

/** Gets what an operator should know, for example to print it. */
export type OnProblem = (problem: DesyncError) => void;

/** No kind of problem is reported again within so long. */
const PAUSE_MS = 1000;

/** Problems of one kind. */
interface Kind {
  reportedAt: number;
  /** Those since then. */
  more: number;
}

/**
 * Reports of problems with one store by one code the first, and others at most once a second, with their number. `now`
 * gives the time in milliseconds: tests have their own.
 */
export function atMostOncePerSecond(
  onProblem: OnProblem,
  now: () => number = () => performance.now(),
): OnProblem {
  const kinds = new Map<string, Kind>();
  return (problem) => {
    const name = `${problem.code} ${problem.store ?? ""}`;
    const kind = kinds.get(name);
    if (kind !== undefined && now() - kind.reportedAt < PAUSE_MS) {
      kind.more++;
      return;
    }
    kinds.set(name, { reportedAt: now(), more: 0 });
    onProblem(
      kind === undefined || kind.more === 0 ? problem : problem.withHint(`${kind.more} more like it before`),
    );
  };
}
