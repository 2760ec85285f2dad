/** The chunk that long runs of zeros are cut into: what it holds is known, so that no store is needed for it. */
import { toHex } from "../core/bytes.ts";
import type { ChunkId, ChunkSizes, DigestName } from "../core/chunk.ts";
import type { Codec } from "./codec.ts";

/** As many zeros as a chunk of an index can have. */
export class ZeroChunk {
  /** Bytes in it. */
  readonly size: number;
  readonly #digest: DigestName;
  readonly #codec: Codec;
  #id: ChunkId | undefined;

  /** The one for an index of this digest and these sizes. */
  constructor(index: { readonly digest: DigestName; readonly sizes: ChunkSizes }, codec: Codec) {
    this.size = index.sizes.max;
    this.#digest = index.digest;
    this.#codec = codec;
  }

  /** Whether it is the chunk of this id and size. */
  is(id: ChunkId, size: number): boolean {
    if (size !== this.size) return false;
    // Hashed when a chunk is large enough to be the one: most indexes have none.
    this.#id ??= toHex(this.#codec.digest(this.#digest, this.bytes()));
    return id === this.#id;
  }

  /** Its bytes, which are the caller's. */
  bytes(): Uint8Array {
    return new Uint8Array(this.size);
  }
}
