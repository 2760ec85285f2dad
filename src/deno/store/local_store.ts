/** A store in a directory of this machine. */
import { type ChunkId, MAX_CHUNK_SIZE, type StoredChunk, type StoredForm } from "../../core/chunk.ts";
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import type { VerifiedChunk } from "../../codec/open_chunk.ts";
import { DesyncError, interrupted } from "../../core/errors.ts";
import type {
  ListedChunk,
  ManagedChunkStore,
  PutResult,
  RemoveOptions,
  RemoveStaleOptions,
  RequestOptions,
  StaleFiles,
  StoreProperties,
} from "../../stores/store.ts";
import { ChunkDirectory, DIRECTORY_MODE } from "./chunk_directory.ts";
import { fileError, isNotFound } from "../files/file_errors.ts";
import { listChunks, removeStaleFiles, storePrefixes } from "./directory_listing.ts";
import { followLinks } from "../output/planted.ts";
import { Yielder } from "../../core/yielder.ts";

/**
 * Reads, writes, lists and removes the chunks of a directory.
 *
 * @example Copy a chunk from store to store, as it is
 * ```ts
 * import { openChunk } from "@desync/desync";
 * import { LocalStore, nativeCodec } from "@desync/desync/deno";
 *
 * const id = "16b1c96db6c7d6f593e18793030220c1c43918fd1b3b102804c10ef55213260b";
 * const directory = await Deno.makeTempDir();
 * const target = new LocalStore(`${directory}/store`, { create: true });
 * const stored = await new LocalStore("testdata/casync-zstd.castr").get(id);
 * if (stored !== null) await target.put(openChunk(nativeCodec, stored, { id, digest: "sha512-256" }));
 * if (!(await target.has(id))) throw new Error("it is there");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export class LocalStore implements ManagedChunkStore {
  readonly properties: StoreProperties & { readonly directory: string };
  readonly #chunks: ChunkDirectory;

  /**
   * Throws `missing-file` or `io` when `path` is not a directory. With `create` a missing one is made. With `encryption` its
   * chunks are those that are encrypted with that key, and no others.
   */
  constructor(path: string, options: { create?: boolean; encryption?: ChunkCipher } = {}) {
    const { create = false, encryption } = options;
    checkDirectory(path, create);
    this.properties = { location: path, directory: path, probe: "cheap", encryption: encryption?.key };
    this.#chunks = new ChunkDirectory(this.properties);
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

  readySize(id: ChunkId, form: StoredForm): Promise<number | undefined> {
    return Promise.try(() => this.#chunks.readySize(id, form));
  }

  /** Does not wait for the disk. */
  async put({ id, stored }: VerifiedChunk): Promise<PutResult> {
    this.#chunks.place(await this.#chunks.stageAside(id, stored, {}));
    return { storedBytes: stored.bytes.length + this.#chunks.overhead };
  }

  /** Gives the chunk's file a new modification time. */
  touch(id: ChunkId): Promise<void> {
    return Promise.try(() => {
      const form = this.#chunks.has(id);
      if (form !== null) this.#chunks.touch(id, form);
    });
  }

  /** One `abcd` directory after the other. What is not a regular file is not listed. */
  async *list({ signal }: RequestOptions = {}): AsyncGenerator<ListedChunk[], void> {
    const { directory } = this.properties;
    const yielder = new Yielder(signal);
    if (signal?.aborted) throw interrupted();
    for (const prefix of storePrefixes(directory)) {
      await yielder.yieldIfDue();
      const page: ListedChunk[] = [];
      for (const { id, form, isFile } of listChunks(directory, prefix, this.#chunks.suffix)) {
        if (isFile) page.push(listed(this.#chunks, id, form));
      }
      yield page;
    }
  }

  remove(id: ChunkId, { form }: RemoveOptions = {}): Promise<void> {
    return Promise.try(() => this.#chunks.remove(id, form));
  }

  /** The temporary files of chunks that were not completed for a day. */
  async removeStale({ dryRun = false, signal }: RemoveStaleOptions = {}): Promise<StaleFiles> {
    const { directory } = this.properties;
    const removed = { files: 0, bytes: 0 };
    const yielder = new Yielder(signal);
    for (const prefix of storePrefixes(directory)) {
      await yielder.yieldIfDue();
      const { files, bytes } = removeStaleFiles(directory, prefix, dryRun);
      removed.files += files;
      removed.bytes += bytes;
    }
    return removed;
  }

  /** There is nothing to close. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** Its file is looked at when something about it is asked for: that takes longer than all else. */
function listed(chunks: ChunkDirectory, id: ChunkId, form: StoredForm): ListedChunk {
  let file: Deno.FileInfo | undefined;
  // Another may have removed it.
  const look = () => file ??= chunks.fileOf(id, form);
  return {
    id,
    form,
    get storedBytes() {
      return look()?.size ?? 0;
    },
    get storedAt() {
      return look()?.mtime?.getTime();
    },
  };
}

function checkDirectory(path: string, create: boolean): void {
  // The store to fill must not be the target of another user's symlink.
  if (create) followLinks(path);
  try {
    if (Deno.statSync(path).isDirectory) return;
  } catch (error) {
    if (!isNotFound(error)) throw fileError("open", `the store ${path}`, error);
    if (!create) {
      throw new DesyncError("missing-file", {
        action: "open",
        subject: `the store ${path}`,
        reason: "no such directory",
      });
    }
    return makeDirectory(path);
  }
  throw new DesyncError("io", {
    action: "open",
    subject: `the store ${path}`,
    reason: "not a directory",
  });
}

function makeDirectory(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
  } catch (error) {
    throw fileError("make", `the store ${path}`, error);
  }
}
