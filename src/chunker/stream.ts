/** Chunking as a stream: bytes in pieces of any size go in, the bytes of one chunk after the other come out. */

import { freeBytes } from "../core/bytes.ts";
import { CutFinder } from "./find.ts";
import type { ChunkSizes } from "../core/chunk.ts";
import { DEFAULT_CHUNK_SIZES } from "./params.ts";

/** How much of a piece is copied at a time for a chunk begun by an earlier piece, whose end may be near. */
const STEP = 16 * 1024;

/** How a {@linkcode ChunkerStream} treats what goes in. */
export interface ChunkerStreamOptions {
  /**
   * The memory of pieces is given back as soon as they are cut: nothing else may use their buffers. Else that is left to the
   * garbage collector, which is late for large ones. Default: false.
   */
  readonly ownsPieces?: boolean;
}

/**
 * Cuts a stream of bytes into chunks, for `pipeThrough`:
 *
 *     for await (const chunk of file.readable.pipeThrough(new ChunkerStream())) …
 *
 * Each chunk that comes out owns its memory. A piece that was written belongs to the stream. Nothing is read ahead:
 * one chunk, the piece at hand and the next one are in memory, however slowly the chunks are taken.
 *
 * @example Cut a file without having it in memory
 * ```ts
 * import { ChunkerStream } from "@desync/desync";
 *
 * let size = 0;
 * using file = await Deno.open("testdata/tree.catar");
 * for await (const chunk of file.readable.pipeThrough(new ChunkerStream())) size += chunk.length;
 * if (size !== (await Deno.stat("testdata/tree.catar")).size) throw new Error("a part is missing");
 * ```
 */
export class ChunkerStream {
  /** Where the bytes go in. */
  readonly writable: WritableStream<Uint8Array>;
  /** Where the chunks come out. Cancelling it makes further writes fail. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;

  /**
   * A stream that cuts by these sizes.
   *
   * @throws {DesyncError} `usage` if no chunks can be made with them.
   */
  constructor(sizes: ChunkSizes = DEFAULT_CHUNK_SIZES, { ownsPieces = false }: ChunkerStreamOptions = {}) {
    const finder = new CutFinder(sizes);
    const inlet = new TransformStream<Uint8Array, Uint8Array>();
    const pieces = inlet.readable.getReader();
    const chunks = chunksOf(pieces, finder, ownsPieces);
    this.writable = inlet.writable;
    // A TransformStream alone would not do: from one large piece it takes all chunks at once, wanted or not.
    this.readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller): Promise<void> {
        try {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          await pieces.cancel(error).catch(() => {}); // fails with the same error if it came from the writing side
          throw error;
        }
      },
      cancel: (reason: unknown): Promise<void> => pieces.cancel(reason),
    }, { highWaterMark: 0 });
  }
}

async function* chunksOf(
  pieces: ReadableStreamDefaultReader<Uint8Array>,
  finder: CutFinder,
  ownsPieces: boolean,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  // The beginning of a chunk whose end has not come yet: the first `held` bytes of `begun`, looked through already.
  let begun = new Uint8Array(Math.min(finder.max, 4 * STEP));
  let held = 0;
  while (true) {
    const { done, value: piece } = await pieces.read();
    if (done) break;
    let at = 0;
    while (at < piece.length) {
      if (held === 0) {
        const cut = finder.find(piece, at, at, piece.length);
        if (cut >= 0) {
          yield piece.slice(at, cut);
          at = cut;
          continue;
        }
      }
      // Without a cut up to the end of the piece, its rest is shorter than a chunk and fits as a whole.
      const size = held === 0 ? piece.length - at : Math.min(piece.length - at, STEP, finder.max - held);
      begun = withRoom(begun, held + size, finder.max);
      begun.set(piece.subarray(at, at + size), held);
      const cut = held === 0 ? -1 : finder.find(begun, 0, held, held + size);
      if (cut < 0) {
        held += size;
        at += size;
      } else {
        yield begun.slice(0, cut);
        at += cut - held;
        held = 0;
      }
    }
    if (ownsPieces) freeBytes(piece);
  }
  if (held > 0) yield begun.slice(0, held);
}

/** The same bytes in an array of at least `size`; it doubles, up to `max`, so that bytes are seldom moved. */
function withRoom(bytes: Uint8Array<ArrayBuffer>, size: number, max: number): Uint8Array<ArrayBuffer> {
  if (size <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.min(max, Math.max(size, bytes.length * 2)));
  larger.set(bytes);
  return larger;
}
