/** File systems hold times of some years, and take others without a word: as the nearest that they hold. */

/** The years that all of them hold: FAT begins in 1980, ext3 and older XFS end in 2038. */
const [FIRST, LAST] = [315_532_800n, 2n ** 31n - 1n];

/** FAT has every other second. */
const TOLERANCE = 2_000_000_000n;

/** Whether a time in this second since 1970 needs no look at what became of it. */
export function isHeldEverywhere(seconds: bigint): boolean {
  return seconds >= FIRST && seconds <= LAST;
}

/** Throws unless the time that was set, in nanoseconds, is the one that is there now; `undefined` is not known. */
export function checkKept(set: bigint, now: bigint | undefined): void {
  if (now === undefined) return;
  const lost = set - now;
  if (lost >= TOLERANCE || lost <= -TOLERANCE) throw new TimeNotKept();
}

class TimeNotKept extends Error {
  constructor() {
    super("the file system holds no such times");
  }
}
