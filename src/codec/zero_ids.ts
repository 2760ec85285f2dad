/** The ids of chunks of zeros, each hashed once. */
import { toHex } from "../core/bytes.ts";
import type { ChunkId, DigestName } from "../core/chunk.ts";
import type { Codec } from "./codec.ts";

/** More sizes than a blob has of runs of zeros that are not of the largest one. */
const MOST_KEPT = 1024;

/** Those of one codec. */
export class ZeroIds {
  readonly #codec: Codec;
  readonly #ids = new Map<string, ChunkId>();

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** The id of a chunk of so many zeros. */
  of(digest: DigestName, size: number): ChunkId {
    const key = `${digest} ${size}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = toHex(this.#codec.digest(digest, new Uint8Array(size)));
      if (this.#ids.size >= MOST_KEPT) this.#ids.clear();
      this.#ids.set(key, id);
    }
    return id;
  }
}
