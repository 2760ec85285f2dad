/**
 * What encrypts the chunks of a store, as desync 1.0.4 does: each in the form in which it would be stored otherwise, under a
 * name that says how.
 */
import type { ChunkKey } from "../core/chunk_key.ts";

/** Encrypts and decrypts with one key. */
export interface ChunkCipher {
  /** Its key. */
  readonly key: ChunkKey;
  /** Bytes by which an encrypted chunk is larger. */
  readonly overhead: number;
  /** The bytes as a store gets them. */
  seal(bytes: Uint8Array): Uint8Array;
  /**
   * The bytes as they were. They may take the place of `sealed`, which must not be used afterwards. Throws `invalid-chunk` for
   * what was not encrypted with this key, or has changed.
   */
  open(sealed: Uint8Array): Uint8Array;
}
