/** The chunk that long runs of zeros are cut into: what it holds is known, so that no store is needed for it. */
import { toHex } from "../core/bytes.ts";
import type { ChunkId, ChunkSizes, DigestName } from "../core/chunk.ts";
import type { Codec } from "./codec.ts";

/** Of an index with the usual sizes, and thus of most: hashing it takes 3 ms, most of which go into loading what hashes. */
const USUAL_SIZE = 256 * 1024;
const USUAL_ID = "1c8109946feed9f9e9fe4b5144d90f05a50fb3275e848cb72f4b9546d8c533f2";

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
    if (index.digest === "sha512-256" && this.size === USUAL_SIZE) this.#id = USUAL_ID;
  }

  /** Whether it is the chunk of this id and size. */
  is(id: ChunkId, size: number): boolean {
    if (size !== this.size) return false;
    // Else hashed when a chunk is large enough to be the one: most indexes have none.
    this.#id ??= toHex(this.#codec.digest(this.#digest, this.bytes()));
    return id === this.#id;
  }

  /** Its bytes, which are the caller's. */
  bytes(): Uint8Array {
    return new Uint8Array(this.size);
  }
}
