/** What a file is, in the words of messages. */

/** "a file", "a named pipe" … */
export function kindOfFile({ isFile, isDirectory, isFifo, isSocket }: Deno.FileInfo): string {
  if (isFile) return "a file";
  if (isDirectory) return "a directory";
  if (isFifo) return "a named pipe";
  return isSocket ? "a socket" : "a device";
}
