/** What files tell of the work that lies ahead, before the code for it is loaded. */

/** What a chunk has, in bytes, if its index was made with the usual sizes. */
const USUAL_CHUNK_BYTES = 64 * 1024;
/** What it takes in an index. */
const ITEM_BYTES = 40;

/** Roughly the bytes that an index describes; 0 where it is not a file of this machine. */
export function bytesOfIndex(path: string): number {
  return bytesOfFile(path) / ITEM_BYTES * USUAL_CHUNK_BYTES;
}

/** The bytes of a file; 0 where it is none of this machine. What else is wrong with it is reported by who reads it. */
export function bytesOfFile(path: string): number {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : 0;
  } catch {
    return 0;
  }
}
