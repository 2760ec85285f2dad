/** In a worker: chunks from folders or from the main thread, verified, delivered to a blob, a store, or both. */
import { freeBytes, toHex } from "../bytes.ts";
import type { StoredChunk } from "../chunk.ts";
import { invalidChunk, isInvalid, openChunk } from "../codec/open_chunk.ts";
import { errorToWire, type WireError } from "../errors.ts";
import { fileError } from "../deno/file_errors.ts";
import { nativeCodec } from "../deno/native_codec.ts";
import { TargetFile } from "../deno/target_file.ts";
import { invalidInCache } from "../stores/chain.ts";
import { INVALID_IN_STORE } from "../stores/open_from.ts";
import type { Folders } from "./folders.ts";
import type {
  AssembleItem,
  AssembleResult,
  AssembleTask,
  FolderSource,
  Origin,
  TargetPlace,
} from "../jobs/tasks.ts";

/** Keeps the target open from task to task. */
export class Assembler {
  readonly #folders: Folders;
  #target: { path: string; file: TargetFile } | undefined;
  #probe = new Uint8Array(0);
  /** The last chunk, for a task that wants it. */
  #back: Uint8Array | undefined;
  /** Why the cache could not be used in this task. */
  #cacheProblem: WireError | undefined;

  constructor(folders: Folders) {
    this.#folders = folders;
  }

  run(task: AssembleTask): AssembleResult {
    this.#cacheProblem = undefined;
    const origins: Origin[] = [];
    const storedBytes: number[] = [];
    const bytes: (Uint8Array | undefined)[] = [];
    for (const item of task.items) {
      const [origin, stored] = this.#assemble(task, item);
      origins.push(origin);
      storedBytes.push(stored);
      if (task.giveBack) bytes.push(this.#back);
      this.#back = undefined;
    }
    return { origins, storedBytes, bytes, cacheProblem: this.#cacheProblem };
  }

  release(): void {
    this.#target?.file.close();
    this.#target = undefined;
  }

  #assemble(task: AssembleTask, item: AssembleItem): [Origin, number] {
    if (task.target !== undefined && task.probeTarget && this.#isInPlace(task, task.target, item)) {
      return ["target", 0];
    }
    if (task.target !== undefined && this.#copy(task, task.target, item)) return ["copied", 0];
    if (task.skipPresent && task.fill !== undefined && this.#folders.has(task.fill, item.id)) {
      return ["present", 0];
    }
    if (item.given !== undefined) return this.#take(task, item, item.given);
    for (const [number, source] of task.folders.entries()) {
      const stored = this.#takeFrom(task, item, source);
      if (stored !== null) return [number, stored];
    }
    return ["missing", 0];
  }

  /** Delivers a chunk that was fetched, if it is the right one. */
  #take(task: AssembleTask, item: AssembleItem, given: StoredChunk): ["given" | WireError, number] {
    const storedBytes = given.bytes.length;
    let bytes: Uint8Array;
    try {
      bytes = open(task, item, given);
    } catch (error) {
      // The caller may fetch another copy.
      if (isInvalid(error)) return [errorToWire(error), 0];
      throw error;
    }
    this.#deliver(task, item, bytes, given);
    if (task.giveBack) this.#back = bytes;
    else freeBytes(bytes);
    if (bytes !== given.bytes) freeBytes(given.bytes);
    return ["given", storedBytes];
  }

  /** The same for a chunk in a folder. Returns the bytes that it has there, `null` when it is not there. */
  #takeFrom(task: AssembleTask, item: AssembleItem, source: FolderSource): number | null {
    const folder = this.#folders.at(source.folder);
    let stored: StoredChunk | null;
    let bytes: Uint8Array;
    try {
      stored = folder.read(item.id, item.size);
      if (stored === null) return null;
      bytes = open(task, item, stored);
    } catch (error) {
      if (!isInvalid(error)) {
        if (source.role !== "cache") throw error;
        this.#cacheFailed(task, error);
        return null;
      }
      if (source.repair && error.code !== "wrong-digest") {
        try {
          // The right one may come in the other form, and this one would be found first.
          folder.remove(item.id);
        } catch (error) {
          this.#cacheFailed(task, error);
        }
        return null;
      }
      throw source.role === "cache"
        ? invalidChunk(
          item.id,
          `the cache ${source.folder}`,
          error,
          invalidInCache(source.folder),
          source.folder,
        )
        : invalidChunk(item.id, source.folder, error, INVALID_IN_STORE);
    }
    const storedBytes = stored.bytes.length;
    this.#deliver(task, item, bytes, source.role === "cache" ? undefined : stored);
    if (source.role === "cache") folder.renew(item.id, stored.form);
    // Plain bytes lie in the folder's own buffer, which is used again.
    if (task.giveBack) this.#back = stored.form === "compressed" ? bytes : bytes.slice();
    else if (stored.form === "compressed") freeBytes(bytes);
    return storedBytes;
  }

  /** Writes the verified bytes to the blob and, when the chunk came from a store, adds it to the one to be filled. */
  #deliver(task: AssembleTask, item: AssembleItem, bytes: Uint8Array, stored: StoredChunk | undefined): void {
    if (task.target !== undefined) {
      const file = this.#open(task.target);
      try {
        for (const offset of item.offsets) file.write(bytes, offset);
      } catch (error) {
        throw fileError("write", task.target.shown, error);
      }
    }
    if (task.fill === undefined || stored === undefined || this.#cacheProblem !== undefined) return;
    try {
      this.#folders.add(task.fill, item.id, bytes, stored);
    } catch (error) {
      this.#cacheFailed(task, error);
    }
  }

  #cacheFailed(task: AssembleTask, error: unknown): void {
    if (!task.cacheMayFail) throw error;
    this.#cacheProblem ??= errorToWire(error);
  }

  #isInPlace(task: AssembleTask, target: TargetPlace, item: AssembleItem): boolean {
    return item.offsets.every((offset) => this.#read(task, target, item, offset) !== null);
  }

  /** Copies the chunk from where the target should have it. False when it is not there. */
  #copy(task: AssembleTask, target: TargetPlace, item: AssembleItem): boolean {
    if (item.copyFrom === undefined) return false;
    const bytes = this.#read(task, target, item, item.copyFrom);
    if (bytes === null) return false;
    this.#deliver(task, item, bytes, undefined);
    return true;
  }

  /** The chunk as the target has it at that place, valid until the next call; `null` when it has something else there. */
  #read(task: AssembleTask, target: TargetPlace, item: AssembleItem, offset: number): Uint8Array | null {
    if (this.#probe.length < item.size) this.#probe = new Uint8Array(item.size);
    let bytes: Uint8Array;
    try {
      bytes = this.#open(target).read(this.#probe.subarray(0, item.size), offset);
    } catch (error) {
      throw fileError("read", target.shown, error);
    }
    const same = bytes.length === item.size && toHex(nativeCodec.digest(task.digest, bytes)) === item.id;
    return same ? bytes : null;
  }

  #open({ path, shown, sparse }: TargetPlace): TargetFile {
    if (this.#target?.path !== path) {
      this.release();
      try {
        this.#target = { path, file: new TargetFile(path, sparse) };
      } catch (error) {
        throw fileError("write", shown, error);
      }
    }
    return this.#target!.file;
  }
}

function open(task: AssembleTask, item: AssembleItem, stored: StoredChunk): Uint8Array {
  return openChunk(nativeCodec, stored, { id: item.id, digest: task.digest, size: item.size }).bytes;
}
