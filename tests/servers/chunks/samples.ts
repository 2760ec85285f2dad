/** Chunks for tests, and stores that are not as they should be. */
import { hashChunk, openChunk, type OpenedChunk } from "../../../src/codec/open_chunk.ts";
import { chunkPath, type DigestName, type StoredForm } from "../../../src/core/chunk.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { Random } from "../../support/random.ts";
import { stored } from "../../support/made.ts";

/** A chunk in both forms, with the paths under which it is requested. */
export interface Sample {
  readonly id: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly zstd: Uint8Array;
  readonly plain: OpenedChunk;
  readonly compressed: OpenedChunk;
  readonly path: Readonly<Record<StoredForm, string>>;
}

/** A chunk of some thousand bytes, half of them random. */
export function sample(seed = 1, digest: DigestName = "sha512-256"): Sample {
  const bytes = new Uint8Array(4000);
  bytes.set(new Random(seed).bytes(2000));
  const zstd = stored(bytes, "zstd");
  const plain = hashChunk(nativeCodec, digest, bytes);
  const { id } = plain;
  const compressed = openChunk(nativeCodec, { form: "compressed", bytes: zstd }, { id, digest });
  const path = { plain: `/${chunkPath(id, "plain")}`, compressed: `/${chunkPath(id, "compressed")}` };
  return { id, bytes, zstd, plain, compressed, path };
}

/** The bytes with one bit changed. */
export function damaged(bytes: Uint8Array): Uint8Array {
  return bytes.with(bytes.length - 9, bytes[bytes.length - 9] ^ 1);
}
