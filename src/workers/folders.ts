/** The chunk folders that a worker knows, each opened once, and the form in which chunks are added to them. */
import { freeBytes } from "../bytes.ts";
import type { ChunkId, StoredChunk } from "../chunk.ts";
import { compressionOf } from "../codec/codec.ts";
import { ChunkFolder } from "../deno/chunk_folder.ts";
import { nativeCodec } from "../deno/native_codec.ts";
import type { Filling } from "../jobs/tasks.ts";

/** One set for each worker. */
export class Folders {
  readonly #folders = new Map<string, ChunkFolder>();

  /** The folder at this path. */
  at(path: string): ChunkFolder {
    let folder = this.#folders.get(path);
    if (folder === undefined) this.#folders.set(path, folder = new ChunkFolder(path));
    return folder;
  }

  /** Whether the chunk is in the folder, in either form. */
  has(filling: Filling, id: ChunkId): boolean {
    return this.at(filling.folder).has(id) !== null;
  }

  /**
   * Adds a verified chunk. `stored` is how it came, if it came from a store: it is kept as it is where that is the form
   * that is wanted. Returns the bytes of its file.
   */
  add(filling: Filling, id: ChunkId, bytes: Uint8Array, stored?: StoredChunk): number {
    const chunk = inForm(filling, bytes, stored);
    const size = chunk.bytes.length;
    this.at(filling.folder).write(id, chunk, filling.directory);
    if (chunk.bytes !== bytes && chunk !== stored) freeBytes(chunk.bytes);
    return size;
  }
}

/** Stores hold zstd, which every reader knows, or plain bytes, whatever a chunk came as. */
function inForm(filling: Filling, bytes: Uint8Array, stored?: StoredChunk): StoredChunk {
  if (filling.form === "plain") return { form: "plain", bytes };
  if (stored?.form === "compressed" && compressionOf(stored.bytes) === "zstd") return stored;
  return { form: "compressed", bytes: nativeCodec.compress(bytes, filling.level) };
}
