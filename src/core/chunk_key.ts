/** The keys of encrypted chunks: plain data, which threads can be sent. */

/** A cipher with 256-bit keys that authenticates what it encrypts. */
export type ChunkCipherName = "xchacha20-poly1305" | "aes-256-gcm";
/** All of them, the usual one first. */
export const CHUNK_CIPHERS: readonly ChunkCipherName[] = ["xchacha20-poly1305", "aes-256-gcm"];

/** A cipher's name and its key. */
export interface ChunkKey {
  /** The cipher. */
  readonly cipher: ChunkCipherName;
  /** The secret: 32 bytes. */
  readonly bytes: Uint8Array;
  /** What the names of its chunks end with, behind `.cacnk`: the cipher and an id of the key, `.aes-256-gcm-635af003`. */
  readonly suffix: string;
}
