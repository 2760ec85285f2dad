/** A blob in chunks, read like a file at any place. */
import type { RandomAccess } from "../stores/byte_source.ts";
import type { ChunkedBlob } from "./blob.ts";

/**
 * A blob, which should keep chunks for the next read.
 *
 * @example A part of an archive that lies in a store
 * ```ts
 * import { blobAccess, ChunkedBlob, parseIndex } from "@desync/desync";
 * import { LocalStore } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/tree.caidx"));
 * const blob = ChunkedBlob.open(index, new LocalStore("testdata/tree.castr"), { keepBytes: 1 << 20 });
 * const access = blobAccess(blob);
 * if ((await access.read(0, 16)).length !== 16) throw new Error("a part is missing");
 * ```
 */
export function blobAccess(blob: ChunkedBlob): RandomAccess {
  return {
    size: blob.size,
    read: (offset, length, options) => blob.slice(offset, offset + length).bytes(options),
    pieces: (start, end, options) => blob.slice(start, end).stream(options),
  };
}
