/** The key and the cipher for chunks as users write them: in the configuration, in options, or in the environment. */
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import { CHUNK_CIPHERS } from "../../core/chunk_key.ts";
import { fromHex } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { quotedText } from "../../core/foreign_text.ts";
import { chunkCipher } from "../../deno/codec/native_cipher.ts";
import { environment } from "../../deno/system/permitted.ts";
import { hideSecrets } from "../output/typed_secrets.ts";

/** Has the key where none is written elsewhere. By itself it encrypts nothing. */
const KEY_VARIABLE = "DESYNC_ENCRYPTION_KEY";

/** What was written; empty where nothing was. */
export interface WrittenCipher {
  readonly algorithm: string;
  /** 64 hexadecimal digits. */
  readonly key: string;
}

/** The words for what is wrong with it. */
export interface CipherWords {
  /** What cannot be done with what. */
  readonly about: { readonly action: string; readonly subject: string };
  /** Why it cannot be done without a key. */
  readonly missing: string;
  /** Where the algorithm and the key are written. */
  readonly algorithmFrom: string;
  readonly keyFrom: string;
  /** What to write a key to. */
  readonly keyOption: string;
}

/** The cipher. Throws `usage` without a key, and for what is not one. The key is never printed from now on. */
export function cipherFrom(written: WrittenCipher, words: CipherWords): ChunkCipher {
  const { about, missing, algorithmFrom, keyFrom, keyOption } = words;
  const invalid = (reason: string, hint: string) => new DesyncError("usage", { ...about, reason, hint });
  const algorithm = CHUNK_CIPHERS.find((name) => name === (written.algorithm || CHUNK_CIPHERS[0]));
  if (algorithm === undefined) {
    throw invalid(
      `${algorithmFrom} is ${quotedText(written.algorithm)}`,
      `use ${CHUNK_CIPHERS.join(" or ")}`,
    );
  }
  const key = written.key || environment(KEY_VARIABLE);
  hideSecrets([key]);
  if (key === "") throw invalid(missing, `set ${keyOption}, or ${KEY_VARIABLE} in the environment`);
  if (!/^[0-9a-f]{64}$/i.test(key)) {
    const source = written.key === "" ? KEY_VARIABLE : keyFrom;
    throw invalid(`${source} is not 64 hexadecimal digits`, "`openssl rand -hex 32` prints a key");
  }
  return chunkCipher(algorithm, fromHex(key));
}
