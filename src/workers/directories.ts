/** The directories of chunks that a worker knows, each opened once. */
import { freeBytes } from "../core/bytes.ts";
import type { ChunkId } from "../core/chunk.ts";
import { encodeChunk } from "../codec/encode_chunk.ts";
import type { OpenedChunk } from "../codec/open_chunk.ts";
import { ChunkDirectory, type ChunkPlace } from "../deno/store/chunk_directory.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import type { DirectoryDestination } from "../transfer/messages.ts";
import { StagedChunks } from "./staged_chunks.ts";

/** One set for each worker. */
export class Directories {
  readonly #directories = new Map<string, ChunkDirectory>();
  /** By their run. */
  readonly #staged = new Map<string, StagedChunks>();

  /** The directory of that place. */
  at(place: ChunkPlace): ChunkDirectory {
    const name = `${place.directory}/${place.encryption?.suffix ?? ""}`;
    let directory = this.#directories.get(name);
    if (directory === undefined) this.#directories.set(name, directory = new ChunkDirectory(place));
    return directory;
  }

  /** Whether the chunk is there, in either form. */
  has(destination: DirectoryDestination, id: ChunkId): boolean {
    return this.at(destination).has(id) !== null || this.#stagedFor(destination)?.has(id) === true;
  }

  /** Adds a chunk in the form that is wanted there. Returns the bytes of its file, `null` if another worker was faster. */
  add(destination: DirectoryDestination, chunk: OpenedChunk): number | null {
    const { id, stored } = encodeChunk(nativeCodec, chunk, destination.encoding);
    const size = stored.bytes.length + this.at(destination).overhead;
    const staged = this.#stagedFor(destination);
    let added = true;
    if (staged !== undefined) added = staged.add(id, stored);
    else this.at(destination).write(id, stored, destination.identity);
    if (stored !== chunk.stored && stored.bytes !== chunk.bytes) freeBytes(stored.bytes);
    return added ? size : null;
  }

  /** Returns when all that was added has its name, and has it on the disk. */
  async flush(): Promise<void> {
    const all = [...this.#staged.values()];
    this.#staged.clear();
    await Promise.all(all.map((staged) => staged.flush()));
  }

  #stagedFor(destination: DirectoryDestination): StagedChunks | undefined {
    const { run } = destination;
    if (run === undefined) return undefined;
    let staged = this.#staged.get(run);
    if (staged === undefined) {
      this.#staged.set(run, staged = new StagedChunks(this.at(destination), destination, run));
    }
    return staged;
  }
}
