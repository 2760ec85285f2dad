/**
 * A directory of this machine as a seed for an archive: the archive that `tar` would make of it now, whose chunks are put
 * together out of its files when they are asked for.
 */
import type { ChunkId, StoredChunk } from "../../../core/chunk.ts";
import { interrupted } from "../../../core/errors.ts";
import { fromHex } from "../../../core/bytes.ts";
import { IdTable } from "../../../formats/index/id_table.ts";
import type { Index } from "../../../formats/index/index.ts";
import type { ChunkStore, RequestOptions, StoreProperties } from "../../../stores/store.ts";
import type { TreeFiles } from "./tree_files.ts";
import type { TreeLayout } from "./tree_layout.ts";

/** What a seed is made of, and what goes with it. */
interface SeedParts {
  readonly layout: TreeLayout;
  readonly files: TreeFiles;
  readonly owned: Disposable;
}

/** Chunks out of a tree that was looked through before. */
export class TreeSeed implements ChunkStore {
  readonly properties: StoreProperties;
  /** Of the archive that the tree makes. */
  readonly index: Index;
  readonly #parts: SeedParts;
  readonly #ids: IdTable;

  /** `index` is that of the archive of `directory`, whose layout it is. */
  constructor(directory: string, index: Index, parts: SeedParts) {
    this.properties = { location: directory, probe: "cheap" };
    this.index = index;
    this.#parts = parts;
    this.#ids = new IdTable(index.ids);
  }

  /** The chunk, as far as its files are still there. Throws `interrupted`. */
  async get(id: ChunkId, { signal }: RequestOptions = {}): Promise<StoredChunk | null> {
    if (signal?.aborted) throw interrupted();
    const i = this.#find(id);
    if (i < 0) return null;
    const { layout, files } = this.#parts;
    const bytes = layout.read(this.index.start(i), this.index.length(i), files.read);
    return await Promise.resolve(bytes === null ? null : { form: "plain", bytes });
  }

  /** Whether it had the chunk when it was looked through. */
  async has(id: ChunkId): Promise<boolean> {
    return await Promise.resolve(this.#find(id) >= 0);
  }

  /** The first chunk with this id, -1 when there is none. */
  #find(id: ChunkId): number {
    return this.#ids.find(fromHex(id))[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.owned[Symbol.dispose]();
    await Promise.resolve();
  }
}
