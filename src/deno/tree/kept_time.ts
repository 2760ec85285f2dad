/** File systems hold times of some years, and take others without a word: as the nearest that they hold. */

/** 1980 to 2038, which all of them hold, in nanoseconds since 1970: FAT begins, ext3 and older XFS end there. */
const [FIRST, LAST] = [315_532_800_000_000_000n, (2n ** 31n - 1n) * 1_000_000_000n];

/** FAT has every other second. */
const TOLERANCE = 2_000_000_000n;

/** Whether a time needs no look at what became of it. */
export function isHeldEverywhere(time: bigint): boolean {
  return time >= FIRST && time <= LAST;
}

/** Whether the time that was set is the one that is there now. */
export function isKept(set: bigint, now: bigint): boolean {
  const lost = set - now;
  return lost < TOLERANCE && lost > -TOLERANCE;
}
