/** The chunk folders that a worker knows, each opened once, and the form in which chunks are added to them. */
import { freeBytes } from "../bytes.ts";
import type { ChunkId, StoredChunk } from "../chunk.ts";
import { compressionOf } from "../codec/codec.ts";
import { ChunkFolder } from "../deno/chunk_folder.ts";
import { nativeCodec } from "../deno/native_codec.ts";
import type { Filling } from "../jobs/tasks.ts";
import { StagedChunks } from "./staged_chunks.ts";

/** One set for each worker. */
export class Folders {
  readonly #folders = new Map<string, ChunkFolder>();
  /** By their run. */
  readonly #staged = new Map<string, StagedChunks>();

  /** The folder at this path. */
  at(path: string): ChunkFolder {
    let folder = this.#folders.get(path);
    if (folder === undefined) this.#folders.set(path, folder = new ChunkFolder(path));
    return folder;
  }

  /** Whether the chunk is in the folder, in either form. */
  has(filling: Filling, id: ChunkId): boolean {
    return this.at(filling.folder).has(id) !== null || this.#stagedFor(filling)?.has(id) === true;
  }

  /** Returns when all that was added has its name, and has it on the disk. */
  async settle(): Promise<void> {
    const all = [...this.#staged.values()];
    this.#staged.clear();
    await Promise.all(all.map((staged) => staged.settle()));
  }

  #stagedFor(filling: Filling): StagedChunks | undefined {
    const { run } = filling;
    if (run === undefined) return undefined;
    let staged = this.#staged.get(run);
    if (staged === undefined) {
      this.#staged.set(run, staged = new StagedChunks(this.at(filling.folder), filling, run));
    }
    return staged;
  }

  /**
   * Adds a verified chunk. `stored` is how it came, if it came from a store: it is kept as it is where that is the form
   * that is wanted. Returns the bytes of its file.
   */
  add(filling: Filling, id: ChunkId, bytes: Uint8Array, stored?: StoredChunk): number {
    const chunk = inForm(filling, bytes, stored);
    const size = chunk.bytes.length;
    const staged = this.#stagedFor(filling);
    if (staged !== undefined) staged.add(id, chunk);
    else this.at(filling.folder).write(id, chunk, filling.directory);
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
