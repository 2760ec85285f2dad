/** Bytes that can be read at any place: a file, a blob in chunks, or what a web server gives parts of. */
import type { ChunkedBlob } from "./blob.ts";
import type { Pieces } from "./read_archive.ts";

/** Reads parts of something whose size is known. */
export interface RandomAccess {
  /** Bytes of the whole. */
  readonly size: number;
  /** The bytes from `offset` on, all of which have to be there. For small parts: what lies near may be kept for later. */
  read(offset: number, length: number, options?: { signal?: AbortSignal }): Promise<Uint8Array>;
  /** The bytes from `start` up to but without `end`, in order. */
  pieces(start: number, end: number, options?: { signal?: AbortSignal }): Pieces;
}

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
