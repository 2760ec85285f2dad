/**
 * The ciphers of chunks, by node:crypto or the system's library. A sealed chunk is a random nonce, the ciphertext, and a tag of 16 bytes; nothing
 * else is authenticated, so that the chunk's own digest has to show that it lies under the right name.
 *
 * Source: desync 1.0.4 (README, "Chunk Encryption").
 */
import { prefersSystemLibraries } from "../system/libraries.ts";
import { node } from "../system/node.ts";
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import type { ChunkCipherName, ChunkKey } from "../../core/chunk_key.ts";
import { freeBytes, withoutNodesKind } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { extendNonce, type KeyAndNonce } from "./extended_nonce.ts";
import { type Aead, systemAead } from "./libcrypto_ciphers.ts";

const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** The part of the key's SHA-256 that is its id, in hexadecimal digits. */
const KEY_ID_DIGITS = 8;

/** What a cipher does besides encrypting. */
interface CipherKind {
  /** What encrypts for it, as node:crypto calls that. */
  readonly name: "aes-256-gcm" | "chacha20-poly1305";
  readonly nonceBytes: number;
  /** What that takes of key and nonce. */
  prepare(key: Uint8Array, nonce: Uint8Array): KeyAndNonce;
}

const KINDS: Readonly<Record<ChunkCipherName, CipherKind>> = {
  "xchacha20-poly1305": { name: "chacha20-poly1305", nonceBytes: 24, prepare: extendNonce },
  "aes-256-gcm": { name: "aes-256-gcm", nonceBytes: 12, prepare: (key, nonce) => ({ key, nonce }) },
};

/** What encrypts in this thread, made when first needed. */
const aeads = new Map<ChunkCipherName, Aead>();

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
  const { nonceBytes, prepare } = KINDS[key.cipher];
  return {
    key,
    overhead: nonceBytes + TAG_BYTES,
    seal(bytes) {
      const sealed = new Uint8Array(nonceBytes + bytes.length + TAG_BYTES);
      const random = crypto.getRandomValues(sealed.subarray(0, nonceBytes));
      const { key: own, nonce } = prepare(key.bytes, random);
      aeadOf(key.cipher).seal(own, nonce, bytes, sealed.subarray(nonceBytes));
      return sealed;
    },
    open(sealed) {
      if (sealed.length < nonceBytes + TAG_BYTES) throw undecryptable("it is too short");
      const { key: own, nonce } = prepare(key.bytes, sealed.subarray(0, nonceBytes));
      const bytes = aeadOf(key.cipher).open(own, nonce, sealed.subarray(nonceBytes));
      if (bytes === undefined) throw undecryptable("it was changed, or encrypted with another key");
      return bytes;
    },
  };
}

function aeadOf(name: ChunkCipherName): Aead {
  let aead = aeads.get(name);
  if (aead === undefined) {
    aead = (prefersSystemLibraries() ? systemAead(name) : null) ?? nodeAead(name);
    aeads.set(name, aead);
  }
  return aead;
}

function nodeAead(cipher: ChunkCipherName): Aead {
  // With the other name node's types have the same methods.
  const name = KINDS[cipher].name as "aes-256-gcm";
  const options = { authTagLength: TAG_BYTES };
  return {
    seal(key, nonce, bytes, target) {
      const sealing = made(cipher, () => node.crypto.createCipheriv(name, key, nonce, options));
      const text = sealing.update(bytes);
      sealing.final();
      target.set(text);
      target.set(sealing.getAuthTag(), text.length);
      freeBytes(text);
    },
    open(key, nonce, sealed) {
      const opening = made(cipher, () => node.crypto.createDecipheriv(name, key, nonce, options));
      const end = sealed.length - TAG_BYTES;
      opening.setAuthTag(sealed.subarray(end));
      const bytes = withoutNodesKind(opening.update(sealed.subarray(0, end)));
      try {
        opening.final();
      } catch {
        freeBytes(bytes);
        return undefined;
      }
      return bytes;
    },
  };
}

function made<T>(cipher: ChunkCipherName, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const reason = `this version of Deno has no ${cipher}`;
    throw new DesyncError("unsupported", { reason, hint: "2.7 or later has it", cause });
  }
}

function undecryptable(reason: string): DesyncError {
  return new DesyncError("invalid-chunk", { reason: `it cannot be decrypted: ${reason}` });
}
