/** In a worker: chunks from folders or from the main thread, verified, written to their places in the blob. */
import type { StoredChunk } from "../chunk.ts";
import { compressionOf, DEFAULT_ZSTD_LEVEL } from "../codec/codec.ts";
import { invalidChunk, openChunk } from "../codec/open_chunk.ts";
import { freeBytes, toHex } from "../bytes.ts";
import { DesyncError } from "../errors.ts";
import { ChunkFolder } from "../deno/chunk_folder.ts";
import { fileError } from "../deno/file_errors.ts";
import { nativeCodec } from "../deno/native_codec.ts";
import { TargetFile } from "../deno/target_file.ts";
import { INVALID_IN_STORE, invalidInCache } from "../stores/chain.ts";
import type { AssembleItem, AssembleResult, AssembleTask, FolderSource, Origin } from "./messages.ts";

/** Keeps the target and the stores open from task to task. */
export class Assembler {
  readonly #folders = new Map<string, ChunkFolder>();
  #target: { path: string; file: TargetFile } | undefined;
  #probe = new Uint8Array(0);

  run(task: AssembleTask): AssembleResult {
    const origins: Origin[] = [];
    const storedBytes: number[] = [];
    for (const item of task.items) {
      const [origin, stored] = this.#assemble(task, item);
      origins.push(origin);
      storedBytes.push(stored);
    }
    return { origins, storedBytes };
  }

  release(): void {
    this.#target?.file.close();
    this.#target = undefined;
  }

  #assemble(task: AssembleTask, item: AssembleItem): [Origin, number] {
    if (task.probeTarget && this.#isInPlace(task, item)) return ["target", 0];
    if (item.given !== undefined) {
      const bytes = this.#open(task, item, item.given, item.givenBy ?? "the store", INVALID_IN_STORE);
      const storedBytes = item.given.bytes.length;
      this.#deliver(task, item, item.given, bytes);
      if (bytes !== item.given.bytes) freeBytes(bytes);
      freeBytes(item.given.bytes);
      return ["given", storedBytes];
    }
    for (const [number, source] of task.folders.entries()) {
      const stored = this.#take(task, item, source);
      if (stored !== null) return [number, stored];
    }
    return ["missing", 0];
  }

  /** The bytes read for the chunk out of this folder, `null` when it is not there. */
  #take(task: AssembleTask, item: AssembleItem, source: FolderSource): number | null {
    const folder = this.#folder(source.folder);
    let stored: StoredChunk | null;
    let bytes: Uint8Array;
    const where = source.role === "cache" ? `the cache ${source.folder}` : source.folder;
    const help = source.role === "cache" ? invalidInCache(source.folder) : INVALID_IN_STORE;
    try {
      stored = folder.read(item.id, item.size);
      if (stored === null) return null;
      bytes = this.#open(task, item, stored, where, help);
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code !== "invalid-chunk") throw error;
      if (source.repair) return null;
      if (error.message.startsWith("Chunk ")) throw error;
      throw invalidChunk(item.id, where, error, help);
    }
    this.#deliver(task, item, source.role === "cache" ? null : stored, bytes);
    if (source.role === "cache") folder.renew(item.id, stored.form);
    // Plain bytes lie in the folder's own buffer, which is used again.
    if (stored.form === "compressed") freeBytes(bytes);
    return stored.bytes.length;
  }

  #open(
    task: AssembleTask,
    item: AssembleItem,
    stored: StoredChunk,
    where: string,
    help: string,
  ): Uint8Array {
    try {
      return openChunk(nativeCodec, stored, { id: item.id, digest: task.digest, size: item.size });
    } catch (error) {
      throw invalidChunk(item.id, where, error, help);
    }
  }

  /** Writes the verified bytes to the blob and, when `stored` came from elsewhere, the chunk to the cache. */
  #deliver(task: AssembleTask, item: AssembleItem, stored: StoredChunk | null, bytes: Uint8Array): void {
    const file = this.#openTarget(task);
    try {
      for (const offset of item.offsets) file.write(bytes, offset);
    } catch (error) {
      throw fileError("write the blob", error);
    }
    if (stored !== null && task.fill !== undefined) {
      this.#folder(task.fill).write(item.id, forCache(stored, bytes));
    }
  }

  #isInPlace(task: AssembleTask, item: AssembleItem): boolean {
    if (this.#probe.length < item.size) this.#probe = new Uint8Array(item.size);
    const file = this.#openTarget(task);
    return item.offsets.every((offset) => {
      const bytes = file.read(this.#probe.subarray(0, item.size), offset);
      return bytes.length === item.size && toHex(nativeCodec.digest(task.digest, bytes)) === item.id;
    });
  }

  #openTarget(task: AssembleTask): TargetFile {
    if (this.#target?.path !== task.target) {
      this.release();
      try {
        this.#target = { path: task.target, file: new TargetFile(task.target, task.sparse) };
      } catch (error) {
        throw fileError(`write ${task.target}`, error);
      }
    }
    return this.#target!.file;
  }

  #folder(path: string): ChunkFolder {
    let folder = this.#folders.get(path);
    if (folder === undefined) this.#folders.set(path, folder = new ChunkFolder(path));
    return folder;
  }
}

/** A cache holds zstd, which every reader of stores knows, whatever the chunk came as. */
function forCache(stored: StoredChunk, bytes: Uint8Array): StoredChunk {
  if (stored.form === "compressed" && compressionOf(stored.bytes) === "zstd") return stored;
  return { form: "compressed", bytes: nativeCodec.compress(bytes, DEFAULT_ZSTD_LEVEL) };
}
