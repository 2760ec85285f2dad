/** An index that grows chunk by chunk, for those who cut a blob. */
import { type ChunkSizes, type DigestName, ID_BYTES } from "../../core/chunk.ts";
import { concat } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { BLOB_FLAGS, FLAG_SHA512_256, Index } from "./index.ts";

/**
 * Collects the chunks of a blob in order.
 *
 * @example The index of bytes in memory
 * ```ts
 * import { cutPoints, DEFAULT_CHUNK_SIZES, IndexBuilder, portableCodec } from "@desync/desync";
 *
 * const bytes = crypto.getRandomValues(new Uint8Array(50_000));
 * const builder = new IndexBuilder(DEFAULT_CHUNK_SIZES, "sha512-256");
 * let start = 0;
 * for (const end of cutPoints(bytes, DEFAULT_CHUNK_SIZES)) {
 *   builder.add([end - start], portableCodec.digest("sha512-256", bytes.subarray(start, end)));
 *   start = end;
 * }
 * if (builder.build().size !== bytes.length) throw new Error("a part is missing");
 * ```
 */
export class IndexBuilder {
  readonly #flags: bigint;
  readonly #sizes: ChunkSizes;
  readonly #ends: number[] = [];
  readonly #ids: Uint8Array[] = [];

  /** `flags`: feature flags, of which the digest's is set as `digest` says; default those that casync sets for a blob. */
  constructor(sizes: ChunkSizes, digest: DigestName, flags: bigint = BLOB_FLAGS) {
    this.#flags = flags & ~FLAG_SHA512_256 | (digest === "sha512-256" ? FLAG_SHA512_256 : 0n);
    this.#sizes = sizes;
  }

  /** Bytes of the blob so far. */
  get size(): number {
    return this.#ends.at(-1) ?? 0;
  }

  /** Adds chunks of `lengths` bytes; `ids` holds their ids, 32 bytes each. Throws `usage` when those do not fit. */
  add(lengths: readonly number[], ids: Uint8Array): void {
    if (ids.length !== lengths.length * ID_BYTES) {
      throw new DesyncError("usage", {
        action: "add",
        subject: `${lengths.length} chunks`,
        reason: `they need ${lengths.length * ID_BYTES} bytes of ids`,
      });
    }
    for (const length of lengths) {
      if (!Number.isSafeInteger(length) || length < 1 || length > this.#sizes.max) {
        throw new DesyncError("usage", {
          action: "add",
          subject: `a chunk of ${length} bytes`,
          reason: `chunks have 1 to ${this.#sizes.max}`,
        });
      }
      this.#ends.push(this.size + length);
    }
    this.#ids.push(ids);
  }

  /** The index of what was added. */
  build(): Index {
    return new Index(
      { flags: this.#flags, sizes: this.#sizes },
      Float64Array.from(this.#ends),
      concat(this.#ids),
    );
  }
}
