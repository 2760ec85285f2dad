/** Chunks that are needed again: what it takes to get them is done once. */
import type { ChunkId } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import { SpoolFile } from "./files/spool_file.ts";

/** How a chunk is read. */
export type ReadChunk = (chunk: { readonly id: ChunkId; readonly size: number }) => Promise<Uint8Array>;

/**
 * Keeps chunks in a temporary file. Where there is no room for more, half of it is given up for what others write there;
 * chunks that are not in it are read again when they are needed.
 */
export class ChunkSpool implements Disposable {
  readonly #read: ReadChunk;
  readonly #file: SpoolFile;
  readonly #places = new Map<ChunkId, { readonly offset: number; readonly size: number }>();
  #end = 0;
  #isFull = false;

  /** The file is in `directory`. Throws what making it throws. */
  constructor(directory: string, read: ReadChunk) {
    this.#file = new SpoolFile(directory);
    this.#read = read;
  }

  /** The bytes of a chunk. Throws what reading throws. */
  async get(chunk: Parameters<ReadChunk>[0]): Promise<Uint8Array> {
    const place = this.#places.get(chunk.id);
    if (place !== undefined) {
      const bytes = new Uint8Array(place.size);
      this.#file.read(bytes, place.offset);
      return bytes;
    }
    const bytes = await this.#read(chunk);
    if (!this.#isFull) this.#keep(chunk.id, bytes);
    return bytes;
  }

  #keep(id: ChunkId, bytes: Uint8Array): void {
    try {
      this.#file.append(bytes);
      this.#places.set(id, { offset: this.#end, size: bytes.length });
      this.#end += bytes.length;
    } catch (error) {
      if (!(error instanceof DesyncError)) throw error;
      this.#isFull = true;
      this.#keepHalf();
    }
  }

  #keepHalf(): void {
    let end = 0;
    for (const [id, { offset, size }] of this.#places) {
      if (offset + size > this.#end / 2) this.#places.delete(id);
      else end = Math.max(end, offset + size);
    }
    this.#file.cut(end);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
