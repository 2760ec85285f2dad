/**
 * In a worker: chunks that are decompressed one by one, while what was read of them is at hand, and hashed together, which
 * is faster. None of their bytes is used before that.
 */
import {
  type ExpectedChunk,
  openChunks,
  type OpenedChunk,
  orItsError,
  unpackChunk,
  type UnpackedChunk,
} from "../codec/open_chunk.ts";
import { freeBytes } from "../core/bytes.ts";
import type { StoredChunk } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";

/** The most chunks of a group. */
const MOST_CHUNKS = 16;
/** No more is added to so many uncompressed bytes: they are to stay in the processor's cache until they are used. */
const MOST_BYTES = 1024 * 1024;

/** Memory for their bytes, and for as much of what is stored: memory of their own would come from the system each time. */
const MEMORY_BYTES = 2 * MOST_BYTES;

/** What follows for a chunk that is verified, or cannot be. Its bytes, and those that are stored, are valid during the call. */
type Finish = (opened: OpenedChunk | DesyncError) => void;

/** A group at a time. */
export class ChunkGroup {
  #chunks: (UnpackedChunk | DesyncError)[] = [];
  #finish: Finish[] = [];
  #bytes = 0;
  /** Is used again with the next group. */
  #memory: Uint8Array | undefined;
  #used = 0;

  /**
   * Makes room for a chunk of so many bytes: it is added without another being opened. To be called before the chunk is read
   * if what follows for others may read as well.
   */
  makeRoom(size: number): void {
    if (this.#bytes + size > MOST_BYTES) this.open();
  }

  /**
   * Adds a chunk, and opens all that are there if these are enough. With `copy`, its stored bytes are copied, which lie in
   * memory that is used again.
   */
  add(stored: StoredChunk, expected: ExpectedChunk, copy: boolean, finish: Finish): void {
    // That is alone, and opened before anything else is read.
    const isLarge = this.#chunks.length === 0 && stored.bytes.length >= MOST_BYTES;
    const own = copy && !isLarge ? { ...stored, bytes: this.#copyOf(stored.bytes) } : stored;
    const chunk = orItsError(() => unpackChunk(nativeCodec, own, expected, this.#room));
    if (!(chunk instanceof DesyncError)) {
      this.#bytes += chunk.size;
      // Else that is done already.
      if (own.form === "compressed" && chunk.isIn(this.#room)) this.#used += chunk.size;
    }
    this.#push(chunk, finish);
    if (isLarge) this.open();
  }

  /** Adds one that could not be read, in its turn. */
  addError(error: DesyncError, finish: Finish): void {
    this.#push(error, finish);
  }

  /** Opens all of them, and does what follows for each, in their order. */
  open(): void {
    const [chunks, finish] = [this.#chunks, this.#finish];
    this.#chunks = [];
    this.#finish = [];
    this.#bytes = 0;
    if (chunks.length === 0) return;
    try {
      for (const [i, opened] of openChunks(nativeCodec, chunks).entries()) {
        finish[i](opened);
        if (opened instanceof DesyncError) continue;
        const { buffer } = opened.bytes;
        if (buffer !== this.#memory?.buffer && buffer !== opened.stored.bytes.buffer) freeBytes(opened.bytes);
      }
    } finally {
      this.#used = 0;
    }
  }

  #push(chunk: UnpackedChunk | DesyncError, finish: Finish): void {
    this.#chunks.push(chunk);
    this.#finish.push(finish);
    if (this.#chunks.length >= MOST_CHUNKS || this.#bytes >= MOST_BYTES) this.open();
  }

  get #room(): Uint8Array {
    this.#memory ??= new Uint8Array(MEMORY_BYTES);
    return this.#memory.subarray(this.#used);
  }

  #copyOf(bytes: Uint8Array): Uint8Array {
    if (bytes.length > this.#room.length) return bytes.slice();
    const copy = this.#room.subarray(0, bytes.length);
    copy.set(bytes);
    this.#used += copy.length;
    return copy;
  }
}
