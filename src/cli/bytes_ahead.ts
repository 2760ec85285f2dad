/** How much work lies ahead, as far as the sizes of files show it before the code for it is loaded. */
import { ITEM_BYTES } from "../formats/index/index.ts";
import { isPath } from "../stores/location.ts";
import { mayRead } from "../deno/system/permitted.ts";

/** What a chunk has, in bytes, if its index was made with the usual sizes. */
const USUAL_CHUNK_BYTES = 64 * 1024;

/** Roughly the bytes that an index describes; 0 for what is no file of this machine. */
export function bytesOfIndex(path: string): number {
  return bytesOfFile(path) / ITEM_BYTES * USUAL_CHUNK_BYTES;
}

/** The bytes of a file; 0 for what is no file of this machine. Whoever reads it reports what is wrong with it. */
export function bytesOfFile(path: string): number {
  // The user is never asked for a permission.
  if (!isPath(path) || !mayRead(path)) return 0;
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : 0;
  } catch {
    return 0;
  }
}
