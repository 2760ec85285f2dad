/**
 * In a worker: chunks of a store that are complete but for their names. They get these when their bytes are on the disk, so
 * that after a power cut no name in the store is that of a chunk which is not whole: the next run would count on it.
 */
import type { ChunkId, StoredChunk } from "../core/chunk.ts";
import type { ChunkDirectory, StagedChunk } from "../deno/store/chunk_directory.ts";
import { vanished } from "../deno/store/directory_identity.ts";
import { fileError, isNotFound } from "../deno/files/file_errors.ts";
import { canSyncFileSystems, FileSystem, syncDirectory } from "../deno/output/sync.ts";
import { removeQuietly } from "../deno/files/remove_quietly.ts";
import type { DirectoryDestination } from "../transfer/messages.ts";

/** What a run that is killed has done in this time is lost; the system itself writes after as long. */
const INTERVAL_MS = 5000;

/** Those of one worker and one store. */
export class StagedChunks {
  readonly #chunks: ChunkDirectory;
  readonly #destination: DirectoryDestination;
  readonly #run: string;
  /** Else each file is written to the disk as soon as it is complete, which takes ten times as long. */
  readonly #atOnce = canSyncFileSystems();
  #staged: StagedChunk[] = [];
  readonly #touched = new Set<string>();
  /** The pending work for those that were staged before. */
  #naming: Promise<void> = Promise.resolve();
  #namedAt = performance.now();
  /** A chunk that has its name. */
  #named: string | undefined;

  constructor(chunks: ChunkDirectory, destination: DirectoryDestination, run: string) {
    this.#chunks = chunks;
    this.#destination = destination;
    this.#run = run;
  }

  /** Whether any worker of this run has the chunk. */
  has(id: ChunkId): boolean {
    return this.#chunks.hasStaged(id, this.#run);
  }

  /** Adds a chunk. Returns whether no other worker of this run was faster. */
  add(id: ChunkId, chunk: StoredChunk): boolean {
    const options = { store: this.#destination.identity, sync: !this.#atOnce };
    const staged = this.#chunks.stage(id, chunk, this.#run, options);
    if (staged === null) return false;
    if (this.#atOnce) {
      this.#staged.push(staged);
      if (performance.now() - this.#namedAt > INTERVAL_MS) this.#name();
    } else {
      this.#chunks.place(staged);
      this.#touched.add(id.slice(0, 4));
    }
    return true;
  }

  /** Gives all of them their names, and returns when these are on the disk. */
  async flush(): Promise<void> {
    const { path } = this.#chunks;
    try {
      if (this.#atOnce) {
        this.#name();
        await this.#naming;
        if (this.#named !== undefined) await syncFileSystem(this.#named);
      } else if (this.#touched.size > 0) {
        for (const prefix of this.#touched) await syncDirectory(`${path}/${prefix}`);
        await syncDirectory(path);
      }
    } catch (error) {
      if (isNotFound(error)) throw vanished(path);
      throw fileError("store", `chunks in ${path}`, error);
    }
  }

  /** Begins with that for those that are there now, behind those before; flushing reports what fails. */
  #name(): void {
    const staged = this.#staged.splice(0);
    if (staged.length === 0) return;
    this.#namedAt = performance.now();
    this.#naming = this.#naming.then(() => this.#nameThese(staged), (error) => {
      for (const { temporary } of staged) removeQuietly(temporary);
      throw error;
    });
    this.#naming.catch(() => {});
  }

  async #nameThese(staged: readonly StagedChunk[]): Promise<void> {
    let next = 0;
    try {
      await syncFileSystem(staged[0].temporary);
      while (next < staged.length) this.#chunks.place(staged[next++]);
      this.#named = staged[0].target;
    } finally {
      for (const { temporary } of staged.slice(next)) removeQuietly(temporary);
    }
  }
}

/** By a file: a store may be a directory that cannot be listed. */
async function syncFileSystem(path: string): Promise<void> {
  using system = FileSystem.of(path);
  await system?.sync();
}
