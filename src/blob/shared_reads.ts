/** Reads of chunks that several readers want at the same time: each is made once. */
import type { ChunkId } from "../core/chunk.ts";
import { abortable } from "../core/abortable.ts";
import { TurnoverMap } from "../core/turnover_map.ts";

/** A read that has begun. */
interface Read {
  /** Of the reader that began it. */
  readonly signal: AbortSignal;
  /** The others. */
  readonly waiting: PromiseWithResolvers<Uint8Array>[];
}

/** The reads of one blob. */
export class SharedReads {
  readonly #reads = new TurnoverMap<ChunkId, Read>();

  /**
   * What `read` gives, unless another reader is reading the chunk already: then what that one gets. The bytes are the
   * caller's.
   */
  async get(
    id: ChunkId,
    read: (signal: AbortSignal) => Promise<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    for (let other = this.#reads.get(id); other !== undefined; other = this.#reads.get(id)) {
      const { waiting } = other;
      try {
        return await abortable(() => {
          const turn = Promise.withResolvers<Uint8Array>();
          waiting.push(turn);
          return turn.promise;
        }, signal);
      } catch (error) {
        // A reader that was aborted ends its read. Then this one reads, or waits for the next that does.
        if (signal.aborted || !other.signal.aborted) throw error;
      }
    }
    return await this.#read(id, read, { signal, waiting: [] });
  }

  async #read(
    id: ChunkId,
    read: (signal: AbortSignal) => Promise<Uint8Array>,
    shared: Read,
  ): Promise<Uint8Array> {
    this.#reads.set(id, shared);
    try {
      const bytes = await read(shared.signal);
      this.#reads.delete(id);
      // Copied before the first reader has the bytes, which may change them.
      for (const { resolve } of shared.waiting) resolve(new Uint8Array(bytes));
      return bytes;
    } catch (error) {
      this.#reads.delete(id);
      for (const { reject } of shared.waiting) reject(error);
      throw error;
    }
  }
}
