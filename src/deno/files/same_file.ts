/** Whether two paths lead to one file. */

/** True for two names of one regular file or block device. False where one is not there, or may not be looked at. */
export function isSameFile(a: string, b: string): boolean {
  try {
    const [one, other] = [Deno.statSync(a), Deno.statSync(b)];
    if (one.isBlockDevice && other.isBlockDevice) return one.rdev === other.rdev;
    // What is neither, such as /dev/null, may be both.
    if (!one.isFile || !other.isFile) return false;
    // Some file systems have numbers that JavaScript rounds.
    if (Number.isSafeInteger(one.ino)) return one.ino === other.ino && one.dev === other.dev;
    return Deno.realPathSync(a) === Deno.realPathSync(b);
  } catch {
    // Using them gives the error.
    return false;
  }
}
