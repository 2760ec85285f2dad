/**
 * In a worker: chunks of a store that are complete but for their names. They get these when their bytes are on the disk, so
 * that after a power cut no name in the store is that of a chunk which is not whole: the next run would count on it.
 */
import { fromHex, resizeBuffer, toHex } from "../core/bytes.ts";
import { type ChunkId, ID_BYTES, type StoredChunk } from "../core/chunk.ts";
import type { ChunkDirectory, StagedChunk } from "../deno/store/chunk_directory.ts";
import { vanished } from "../deno/store/directory_identity.ts";
import { fileError, isNotFound } from "../deno/files/file_errors.ts";
import { canSyncFileSystems, FileSystem, syncDirectory } from "../deno/output/sync.ts";
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
  #staged: StagedList;
  readonly #touched = new Set<string>();
  /** The pending work for those that were staged before. */
  #naming: Promise<void> = Promise.resolve();
  #namedAt = performance.now();
  /** The file of a chunk that has its name. */
  #named: string | undefined;

  constructor(chunks: ChunkDirectory, destination: DirectoryDestination, run: string) {
    this.#chunks = chunks;
    this.#destination = destination;
    this.#run = run;
    this.#staged = new StagedList(run);
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
    const staged = this.#staged;
    if (staged.length === 0) return;
    this.#staged = new StagedList(this.#run);
    this.#namedAt = performance.now();
    this.#naming = this.#naming.then(() => this.#nameThese(staged), (error) => {
      this.#discard(staged, 0);
      throw error;
    });
    this.#naming.catch(() => {});
  }

  async #nameThese(staged: StagedList): Promise<void> {
    let next = 0;
    try {
      await syncFileSystem(this.#chunks.stagedPath(staged.at(0)));
      while (next < staged.length) this.#chunks.place(staged.at(next++));
      const { id, form } = staged.at(0);
      this.#named = this.#chunks.pathOf(id, form);
    } finally {
      this.#discard(staged, next);
    }
  }

  #discard(staged: StagedList, first: number): void {
    for (let i = first; i < staged.length; i++) this.#chunks.discard(staged.at(i));
  }
}

/** The forms that chunks have, by their numbers in {@linkcode StagedList}. */
const FORMS = ["compressed", "plain"] as const;
/** Its number, and the id. */
const ENTRY_BYTES = 1 + ID_BYTES;
/** Entries for which there is room at first. */
const ROOM = 256;

/**
 * Chunks of a run, packed: as objects that live for seconds, many of them make V8 double the memory for new objects, up to 64
 * MB for each thread.
 */
class StagedList {
  readonly #run: string;
  #bytes = new Uint8Array(ROOM * ENTRY_BYTES);
  #length = 0;

  constructor(run: string) {
    this.#run = run;
  }

  get length(): number {
    return this.#length;
  }

  push({ id, form }: StagedChunk): void {
    const at = ENTRY_BYTES * this.#length++;
    if (at === this.#bytes.length) this.#bytes = new Uint8Array(resizeBuffer(this.#bytes.buffer, 2 * at));
    this.#bytes[at] = FORMS.indexOf(form);
    this.#bytes.set(fromHex(id), at + 1);
  }

  at(i: number): StagedChunk {
    const at = ENTRY_BYTES * i;
    const id = toHex(this.#bytes.subarray(at + 1, at + ENTRY_BYTES));
    return { id, form: FORMS[this.#bytes[at]], run: this.#run };
  }
}

/** By a file: a store may be a directory that cannot be listed. */
async function syncFileSystem(path: string): Promise<void> {
  using system = FileSystem.of(path);
  await system?.sync();
}
