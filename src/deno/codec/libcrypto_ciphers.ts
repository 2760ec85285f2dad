/**
 * The ciphers of chunks by OpenSSL's libcrypto where the system has it, for the processor at hand: several times as fast as
 * those that Deno ships. Only on Linux and only when foreign functions are allowed.
 *
 * The library is set up without what would take it down when the program ends, be a thread still decrypting or not, and
 * without the system's configuration of it.
 */
import type { ChunkCipherName } from "../../core/chunk_key.ts";
import { equalBytes, fromHex } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { mayCallLibraries } from "../system/permitted.ts";

const CTX_ARGUMENTS = ["pointer", "pointer", "pointer", "buffer", "buffer"] as const;
const UPDATE_ARGUMENTS = ["pointer", "buffer", "buffer", "buffer", "i32"] as const;
const SYMBOLS = {
  OPENSSL_init_crypto: { parameters: ["u64", "pointer"], result: "i32" },
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_ctrl: { parameters: ["pointer", "i32", "i32", "buffer"], result: "i32" },
  EVP_chacha20_poly1305: { parameters: [], result: "pointer" },
  EVP_aes_256_gcm: { parameters: [], result: "pointer" },
  EVP_EncryptInit_ex: { parameters: CTX_ARGUMENTS, result: "i32" },
  EVP_EncryptUpdate: { parameters: UPDATE_ARGUMENTS, result: "i32" },
  EVP_EncryptFinal_ex: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
  EVP_DecryptInit_ex: { parameters: CTX_ARGUMENTS, result: "i32" },
  EVP_DecryptUpdate: { parameters: UPDATE_ARGUMENTS, result: "i32" },
  EVP_DecryptFinal_ex: { parameters: ["pointer", "buffer", "buffer"], result: "i32" },
} as const;

const OPENSSL_INIT_NO_LOAD_CONFIG = 0x80n;
const OPENSSL_INIT_NO_ATEXIT = 0x80000n;
const EVP_CTRL_AEAD_GET_TAG = 0x10;
const EVP_CTRL_AEAD_SET_TAG = 0x11;

const TAG_BYTES = 16;

/** What a library has to get right before it is believed: the tag of these bytes, with a key and a nonce of zeros. */
const PROBE: Uint8Array = new Uint8Array(100).fill(0xa5);
const PROBES: Readonly<Record<ChunkCipherName, string>> = {
  "xchacha20-poly1305": "aca18933468c240cf3101338ba6fab6c",
  "aes-256-gcm": "0351be72840ba4343f3273b98f46aab6",
};

/** Authenticated encryption with keys of 32 bytes and nonces of 12: AES-256-GCM, or ChaCha20-Poly1305 as RFC 8439 has it. */
export interface Aead {
  /** Puts the ciphertext and its tag into `target`, which is larger by that. */
  seal(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array, target: Uint8Array): void;
  /**
   * Decrypts ciphertext and tag, in their place or elsewhere: `sealed` must not be used afterwards. Returns `undefined` when
   * they are not what was sealed.
   */
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** What the cipher uses of that, by the system's library; `null` where it cannot be had. Never asks for a permission. */
export function systemAead(name: ChunkCipherName): Aead | null {
  if (Deno.build.os !== "linux" || !mayCallLibraries()) return null;
  try {
    const { symbols } = Deno.dlopen("libcrypto.so.3", SYMBOLS);
    symbols.OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, null);
    const type = name === "aes-256-gcm" ? symbols.EVP_aes_256_gcm() : symbols.EVP_chacha20_poly1305();
    const [sealing, opening] = [symbols.EVP_CIPHER_CTX_new(), symbols.EVP_CIPHER_CTX_new()];
    const length = new Uint8Array(4);
    const none = new Uint8Array(1);
    const isSet = symbols.EVP_EncryptInit_ex(sealing, type, null, null, null) === 1 &&
      symbols.EVP_DecryptInit_ex(opening, type, null, null, null) === 1;
    const aead: Aead = {
      seal: (key, nonce, bytes, target) => {
        const tag = target.subarray(bytes.length);
        const isSealed = symbols.EVP_EncryptInit_ex(sealing, null, null, plain(key), plain(nonce)) === 1 &&
          (bytes.length === 0 ||
            symbols.EVP_EncryptUpdate(sealing, plain(target), length, plain(bytes), bytes.length) === 1) &&
          symbols.EVP_EncryptFinal_ex(sealing, none, length) === 1 &&
          symbols.EVP_CIPHER_CTX_ctrl(sealing, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, plain(tag)) === 1;
        if (!isSealed) throw new DesyncError("io", { action: "encrypt a chunk", reason: "libcrypto failed" });
      },
      open: (key, nonce, sealed) => {
        const bytes = sealed.subarray(0, sealed.length - TAG_BYTES);
        const tag = sealed.subarray(bytes.length);
        const isOpen = symbols.EVP_DecryptInit_ex(opening, null, null, plain(key), plain(nonce)) === 1 &&
          symbols.EVP_CIPHER_CTX_ctrl(opening, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, plain(tag)) === 1 &&
          (bytes.length === 0 ||
            symbols.EVP_DecryptUpdate(opening, plain(bytes), length, plain(bytes), bytes.length) === 1) &&
          symbols.EVP_DecryptFinal_ex(opening, none, length) === 1;
        return isOpen ? bytes : undefined;
      },
    };
    return isSet && isRight(aead, name) ? aead : null;
  } catch {
    return null;
  }
}

function isRight(aead: Aead, name: ChunkCipherName): boolean {
  const [key, nonce, sealed] = [32, 12, PROBE.length + TAG_BYTES].map((length) => new Uint8Array(length));
  aead.seal(key, nonce, PROBE, sealed);
  if (!equalBytes(sealed.subarray(-TAG_BYTES), fromHex(PROBES[name]))) return false;
  const opened = aead.open(key, nonce, sealed);
  if (opened === undefined || !equalBytes(opened, PROBE)) return false;
  sealed[0] ^= 1;
  return aead.open(key, nonce, sealed) === undefined;
}

/** Memory that only this thread has, as foreign functions take it. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
