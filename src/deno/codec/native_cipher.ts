/**
 * The ciphers of chunks out of node:crypto. A sealed chunk is a random nonce, the ciphertext, and a tag of 16 bytes; nothing
 * else is authenticated, so that the chunk's own digest has to show that it lies under the right name.
 *
 * Source: desync 1.0.4 (README, "Chunk Encryption").
 */
import { node } from "../system/node.ts";
import type { ChunkCipher, ChunkCipherName, ChunkKey } from "../../codec/chunk_cipher.ts";
import { concat, freeBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { extendNonce, type KeyAndNonce } from "./extended_nonce.ts";

const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** The part of the key's SHA-256 that is its id, in hexadecimal digits. */
const KEY_ID_DIGITS = 8;

/** What node:crypto has for a cipher. */
interface NodeCipher {
  /** Its name there. */
  readonly name: "aes-256-gcm" | "chacha20-poly1305";
  readonly nonceBytes: number;
  /** What it takes of key and nonce. */
  prepare(key: Uint8Array, nonce: Uint8Array): KeyAndNonce;
}

const NODE_CIPHERS: Readonly<Record<ChunkCipherName, NodeCipher>> = {
  "xchacha20-poly1305": { name: "chacha20-poly1305", nonceBytes: 24, prepare: extendNonce },
  "aes-256-gcm": { name: "aes-256-gcm", nonceBytes: 12, prepare: (key, nonce) => ({ key, nonce }) },
};

/**
 * Encrypts the chunks of a store with a key of 32 random bytes. Throws `usage` for a key of another length.
 *
 * @example An encrypted store
 * ```ts
 * import { hashChunk } from "@desync/desync";
 * import { chunkCipher, nativeCodec, openWritableStore } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const name = "aes-256-gcm"; // "xchacha20-poly1305" is faster, and not in Deno 2.6
 * const encryption = chunkCipher(name, crypto.getRandomValues(new Uint8Array(32)));
 * await using store = await openWritableStore(directory, { encryption });
 * const chunk = hashChunk(nativeCodec, "sha512-256", new TextEncoder().encode("some bytes"));
 * await store.put(chunk);
 * await using unencrypted = await openWritableStore(directory);
 * if (await unencrypted.has(chunk.id)) throw new Error("it has another name");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function chunkCipher(cipher: ChunkCipherName, bytes: Uint8Array): ChunkCipher {
  if (bytes.length !== KEY_BYTES) {
    throw new DesyncError("usage", {
      action: "use",
      subject: "an encryption key",
      reason: `it has ${bytes.length} bytes instead of ${KEY_BYTES}`,
    });
  }
  const id = node.crypto.hash("sha256", bytes, "hex").slice(0, KEY_ID_DIGITS);
  return cipherOf({ cipher, bytes: bytes.slice(), suffix: `.${cipher}-${id}` });
}

/** The cipher with that key. Its methods throw `unsupported` where this version of Deno lacks it. */
export function cipherOf(key: ChunkKey): ChunkCipher {
  const { name, nonceBytes, prepare } = NODE_CIPHERS[key.cipher];
  return {
    key,
    overhead: nonceBytes + TAG_BYTES,
    seal(bytes) {
      const random = crypto.getRandomValues(new Uint8Array(nonceBytes));
      const { key: own, nonce } = prepare(key.bytes, random);
      const cipher = made(key, () => node.crypto.createCipheriv(name as "aes-256-gcm", own, nonce, OPTIONS));
      const text = cipher.update(bytes);
      const sealed = concat([random, text, cipher.final(), cipher.getAuthTag()]);
      freeBytes(text);
      return sealed;
    },
    open(sealed) {
      const end = sealed.length - TAG_BYTES;
      if (end < nonceBytes) throw undecryptable("it is too short");
      const { key: own, nonce } = prepare(key.bytes, sealed.subarray(0, nonceBytes));
      const cipher = made(
        key,
        () => node.crypto.createDecipheriv(name as "aes-256-gcm", own, nonce, OPTIONS),
      );
      cipher.setAuthTag(sealed.subarray(end));
      const { buffer, byteOffset, length } = cipher.update(sealed.subarray(nonceBytes, end));
      // As what it is said to be: slices of node's own kind are views.
      const bytes = new Uint8Array(buffer, byteOffset, length);
      try {
        cipher.final();
      } catch {
        freeBytes(bytes);
        throw undecryptable("it was changed, or encrypted with another key");
      }
      return bytes;
    },
  };
}

const OPTIONS = { authTagLength: TAG_BYTES };

function made<T>(key: ChunkKey, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const reason = `this version of Deno has no ${key.cipher}`;
    throw new DesyncError("unsupported", { reason, hint: "2.7 or later has it", cause });
  }
}

function undecryptable(reason: string): DesyncError {
  return new DesyncError("invalid-chunk", { reason: `it cannot be decrypted: ${reason}` });
}
