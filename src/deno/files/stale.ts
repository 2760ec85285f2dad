/** No program writes a file for so long without a byte: an older temporary one was left by a killed run. */
const STALE_AGE_MS = 24 * 60 * 60 * 1000;

/** Whether a temporary file that was last changed then was left by a killed run. */
export function isStale(mtime: Date | null): boolean {
  return mtime !== null && Date.now() - mtime.getTime() >= STALE_AGE_MS;
}
