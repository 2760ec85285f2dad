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

/** So many are hashed at a time. */
const LEAST_CHUNKS = 4;
/** The most chunks of a group. */
const MOST_CHUNKS = 16;
/** No more is added to so many uncompressed bytes: they are to stay in the processor's cache until they are used. */
const MOST_BYTES = 1024 * 1024;
/** Memory for their bytes, and for as much of what is stored: memory of their own would come from the system each time. */
const MEMORY_BYTES = 2 * MOST_BYTES;

/**
 * What follows for a chunk that is verified, or cannot be. Its bytes, and those that are stored, are valid during the call. It
 * may add other chunks.
 */
export type Finish = (opened: OpenedChunk | DesyncError) => void;

/** How a chunk is added. */
export interface AddOptions {
  /** Its stored bytes are copied: they lie in memory that is used again before it is opened. */
  readonly copy?: boolean;
  /** What it decompresses to gets memory of its own, which is not freed. */
  readonly keep?: boolean;
}

interface Added {
  readonly chunk: UnpackedChunk | DesyncError;
  readonly keep?: boolean;
  readonly finish: Finish;
}

/** A group at a time. */
export class ChunkGroup {
  #added: Added[] = [];
  #bytes = 0;
  /** Is used again with the next group. */
  #memory: Uint8Array | undefined;
  #used = 0;

  /** Whether it has fewer chunks than are hashed at a time: they would take as long as more. */
  get isSmall(): boolean {
    return this.#added.length < LEAST_CHUNKS;
  }

  /**
   * Opens what is there unless a chunk of so many bytes can be added to it. To be called before that is read if what follows
   * for the others may read as well.
   */
  makeRoom(size: number): void {
    if (this.#bytes + size > MOST_BYTES) this.open();
  }

  /** Memory to read so many bytes into, for the chunk that is added next. */
  roomFor(size: number): Uint8Array {
    this.makeRoom(size);
    if (this.#room.length < size) this.open();
    if (this.#room.length < size) this.#memory = new Uint8Array(size);
    return this.#room.subarray(0, size);
  }

  /** Adds a chunk, and opens all that are there if these are enough. */
  add(stored: StoredChunk, expected: ExpectedChunk, { copy, keep }: AddOptions, finish: Finish): void {
    const { form, bytes } = stored;
    // That is alone, and opened before anything else is read.
    const isLarge = this.#added.length === 0 && bytes.length >= MOST_BYTES;
    const own = copy && !isLarge ? { ...stored, bytes: this.#copyOf(bytes) } : stored;
    const room = this.#room;
    const chunk = orItsError(() => unpackChunk(nativeCodec, own, expected, keep ? undefined : room));
    if (!(chunk instanceof DesyncError)) {
      this.#bytes += chunk.size;
      // Copies are counted already.
      if (chunk.isIn(room) && (form === "compressed" || own === stored)) this.#used += chunk.size;
    }
    this.#add({ chunk, keep, finish });
    if (isLarge) this.open();
  }

  /** Adds one that could not be read, in its turn. */
  addError(error: DesyncError, finish: Finish): void {
    this.#add({ chunk: error, finish });
  }

  /** Opens all of them, and does what follows for each, in their order. */
  open(): void {
    const [added, memory] = [this.#added, this.#memory];
    this.#bytes = this.#used = 0;
    if (added.length === 0) return;
    this.#added = [];
    // What is added meanwhile must not lie in it.
    this.#memory = undefined;
    try {
      for (const [i, opened] of openChunks(nativeCodec, added.map(({ chunk }) => chunk)).entries()) {
        const { keep, finish } = added[i];
        finish(opened);
        if (!keep && !(opened instanceof DesyncError)) freeUnless(opened, memory);
      }
    } finally {
      this.#memory ??= memory;
    }
  }

  #add(added: Added): void {
    this.#added.push(added);
    if (this.#added.length >= MOST_CHUNKS || this.#bytes >= MOST_BYTES) this.open();
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

/** Frees what a chunk was decompressed to in memory of its own. */
function freeUnless({ bytes, stored }: OpenedChunk, memory: Uint8Array | undefined): void {
  if (bytes.buffer !== memory?.buffer && bytes.buffer !== stored.bytes.buffer) freeBytes(bytes);
}
