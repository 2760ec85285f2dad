/**
 * What encrypts the chunks of a store, as desync 1.0.4 does: each in the form in which it would be stored otherwise, under a
 * name that says how.
 */

/** A cipher with 256-bit keys that authenticates what it encrypts. */
export type ChunkCipherName = "xchacha20-poly1305" | "aes-256-gcm";
/** All of them, the usual one first. */
export const CHUNK_CIPHERS: readonly ChunkCipherName[] = ["xchacha20-poly1305", "aes-256-gcm"];

/** A cipher's name and its key: plain data, which threads can be sent. */
export interface ChunkKey {
  /** The cipher. */
  readonly cipher: ChunkCipherName;
  /** The secret: 32 bytes. */
  readonly bytes: Uint8Array;
  /** What the names of its chunks end with, behind `.cacnk`: the cipher and an id of the key, `.aes-256-gcm-635af003`. */
  readonly suffix: string;
}

/** Encrypts and decrypts with one key. */
export interface ChunkCipher {
  /** Its key. */
  readonly key: ChunkKey;
  /** Bytes by which an encrypted chunk is larger. */
  readonly overhead: number;
  /** The bytes as a store gets them. */
  seal(bytes: Uint8Array): Uint8Array;
  /** The bytes as they were. Throws `invalid-chunk` for what was not encrypted with this key, or has changed. */
  open(sealed: Uint8Array): Uint8Array;
}
