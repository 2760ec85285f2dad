/** A store in a folder of this machine. */
import { type ChunkId, MAX_CHUNK_SIZE, type StoredChunk, type StoredForm } from "../chunk.ts";
import { DesyncError } from "../errors.ts";
import type { WritableChunkStore } from "../stores/store.ts";
import { ChunkFolder, FOLDER_MODE } from "./chunk_folder.ts";
import { fileError, isNotFound } from "./file_errors.ts";
import { followLinks } from "./planted.ts";

/**
 * Reads and writes the chunks of a folder.
 *
 * @example Copy a chunk from store to store, as it is
 * ```ts
 * import { LocalStore } from "@desync/desync/deno";
 *
 * const id = "16b1c96db6c7d6f593e18793030220c1c43918fd1b3b102804c10ef55213260b";
 * const folder = await Deno.makeTempDir();
 * const target = new LocalStore(`${folder}/store`, { create: true });
 * const chunk = await new LocalStore("testdata/casync-zstd.castr").get(id);
 * if (chunk !== null) await target.put(id, chunk);
 * if (!(await target.has(id))) throw new Error("it is there");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class LocalStore implements WritableChunkStore {
  readonly location: string;
  readonly folder: string;
  readonly #chunks: ChunkFolder;

  /** Throws `missing-file` or `io` when `path` is no folder. With `create` one that is missing is made. */
  constructor(path: string, options: { create?: boolean } = {}) {
    checkFolder(path, options.create ?? false);
    this.location = path;
    this.folder = path;
    this.#chunks = new ChunkFolder(path);
  }

  get(id: ChunkId): Promise<StoredChunk | null> {
    return Promise.try(() => {
      const chunk = this.#chunks.read(id, MAX_CHUNK_SIZE);
      return chunk === null ? null : { form: chunk.form, bytes: chunk.bytes.slice() };
    });
  }

  has(id: ChunkId): Promise<boolean> {
    return Promise.try(() => this.#chunks.has(id) !== null);
  }

  storedSize(id: ChunkId): Promise<number | null> {
    return Promise.try(() => this.#chunks.storedSize(id));
  }

  put(id: ChunkId, chunk: StoredChunk): Promise<void> {
    return Promise.try(() => this.#chunks.write(id, chunk));
  }

  renew(id: ChunkId, form: StoredForm): void {
    this.#chunks.renew(id, form);
  }

  remove(id: ChunkId): void {
    this.#chunks.remove(id);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function checkFolder(path: string, create: boolean): void {
  // What is to be filled is not what somebody else's symlink leads to.
  if (create) followLinks(path);
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    if (!isNotFound(error)) throw fileError(`open the store ${path}`, error);
    if (!create) {
      throw new DesyncError("missing-file", `Cannot open the store ${path}: there is no such directory`);
    }
    return makeFolder(path);
  }
  throw new DesyncError("io", `Cannot open the store ${path}: it is not a directory`);
}

function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw fileError(`make the store ${path}`, error);
  }
}
