/** A store whose chunks are encrypted. */
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import { sealChunk, type VerifiedChunk } from "../../codec/open_chunk.ts";
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import {
  type ChunkStore,
  type GetOptions,
  type RequestOptions,
  type StoreProperties,
  takesChunks,
} from "../store.ts";
import { replaceMembers } from "./wrap.ts";

/**
 * The store with chunks encrypted where they are put into it, and decrypted where they come out of it. The store names them
 * by the suffix of the key, which it has to be opened with: it sees no others. A chunk that is encrypted already is put as it
 * is. Everything else that the store can do, it still can. Throws `unsupported` for a store that names its chunks otherwise.
 *
 * A chunk that is not what the key encrypted is an `invalid-chunk`.
 *
 * @example A bucket whose owner cannot read what is in it
 * ```ts
 * import { encryptedStore, S3Store } from "@desync/desync";
 * import { chunkCipher } from "@desync/desync/deno";
 *
 * const cipher = chunkCipher("xchacha20-poly1305", crypto.getRandomValues(new Uint8Array(32)));
 * const bucket = new S3Store("s3+https://s3.example.com/bucket", { suffix: cipher.key.suffix });
 * await using store = encryptedStore(bucket, cipher);
 * if (store.properties.encryption === undefined) throw new Error("it is encrypted");
 * ```
 */
export function encryptedStore<S extends ChunkStore>(store: S, cipher: ChunkCipher): S {
  // Threads would read and write a directory by themselves, and take what they request for what it is.
  const { directory, near: _, suffix, ...properties } = store.properties;
  if (suffix !== cipher.key.suffix || directory !== undefined) {
    const subject = `the store ${properties.location}`;
    const reason = "encryption is not supported for stores of its kind";
    throw new DesyncError("unsupported", { action: "open", subject, reason });
  }
  const known: StoreProperties = {
    ...properties,
    encryption: cipher.key,
    takesSealed: true,
    get found() {
      return store.properties.found;
    },
  };
  const members = new Map<string, unknown>([
    ["properties", known],
    ["get", async (id: ChunkId, options: GetOptions = {}): Promise<StoredChunk | null> => {
      const stored = await store.get(id, options);
      if (stored === null) return null;
      const { form, bytes } = stored;
      if (options.sealed) return { form, bytes, encryption: cipher.key };
      return { form, bytes: cipher.open(bytes) };
    }],
  ]);
  if (takesChunks(store)) {
    const put = (chunk: VerifiedChunk, options?: RequestOptions) =>
      store.put(sealChunk(chunk, cipher), options);
    members.set("put", put);
  }
  return replaceMembers(store, members);
}
