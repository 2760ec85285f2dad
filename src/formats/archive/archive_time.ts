/**
 * Times in archives: nanoseconds since 1970 in 64 bits.
 *
 * The formats do not say with which sign. casync reads the upper half as 2262 to 2554 and desync as 1677 to 1970, and both
 * write the last 64 bits of any time, so that one number stands for two times. Here it is
 *
 * - the one of whole milliseconds, where the archive has nanoseconds and exactly one of both is: a time that was set by hand
 *   or by another program is such, and one that a clock gave is nearly never. (With a coarser feature this says nothing:
 *   casync cuts the last digits off the unsigned number.)
 * - else the one from 1901-12-13 to 2486-07-02, which are 64 bits: the times that ext4 (to 2446) and XFS hold.
 *
 * Nothing else is looked at, such as other times in the archive: what a node's time is does not depend on the part of the
 * archive that is read.
 */
import { FEATURES, timeGranularity } from "./features.ts";

const MILLISECOND = 1_000_000n;
/** 1901-12-13 20:45:50: the file systems' first second, and what may be cut off a time in it. */
const EARLIEST = -(2n ** 31n + 2n) * 1_000_000_000n;

/** All readers agree on times from 1970 to this one, in 2262. */
const LATEST_SIGNED = 2n ** 63n - 1n;

/** The time that the number in an archive of these features stands for, in nanoseconds since 1970. */
export function decodeTime(bits: bigint, features: bigint): bigint {
  const unsigned = BigInt.asUintN(64, bits);
  const signed = BigInt.asIntN(64, bits);
  if (signed >= 0n) return signed;
  if ((features & FEATURES["nsec-time"]) !== 0n) {
    if (signed % MILLISECOND === 0n) return signed;
    if (unsigned % MILLISECOND === 0n) return unsigned;
  }
  return signed >= EARLIEST ? signed : unsigned;
}

/** The number for a time as casync writes it, 0 where the features record no times. */
export function encodeTime(time: bigint, features: bigint): bigint {
  const granularity = timeGranularity(features);
  if (granularity === undefined) return 0n;
  const unsigned = BigInt.asUintN(64, time);
  return granularity === 1n ? unsigned : unsigned - unsigned % granularity;
}

/** Whether a time comes back out of an archive of these features, but for the digits that they do not record. */
export function archiveHoldsTime(time: bigint, features: bigint): boolean {
  // As nearly all are.
  if (time >= 0n && time <= LATEST_SIGNED) return true;
  const granularity = timeGranularity(features);
  if (granularity === undefined) return true;
  const lost = time - decodeTime(encodeTime(time, features), features);
  return lost >= 0n && lost < granularity;
}
