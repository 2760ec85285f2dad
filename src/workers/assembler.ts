/** In a worker: chunks from directories or from the main thread, verified, delivered to a blob, a store, or both. */
import { freeBytes, toHex } from "../core/bytes.ts";
import type { StoredChunk } from "../core/chunk.ts";
import {
  invalidChunk,
  isInvalid,
  openChunk,
  type OpenedChunk,
  type VerifiedChunk,
} from "../codec/open_chunk.ts";
import { errorToWire, type WireError } from "../core/errors.ts";
import { fileError } from "../deno/files/file_errors.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import { TargetFile } from "../deno/output/target_file.ts";
import { refuseInCache } from "../stores/wrappers/cache_policy.ts";
import { INVALID_IN_STORE } from "../stores/wrappers/open_from.ts";
import type { Directories } from "./directories.ts";
import { encodeForMain } from "./encode_for_main.ts";
import type {
  AssembleItem,
  AssembleResult,
  AssembleTask,
  DirectorySource,
  Found,
  InvalidPlace,
  SeedFile,
  TargetInfo,
} from "../transfer/messages.ts";
import type { NearSource, NearSources } from "./near_source.ts";
import type { SeedFiles } from "./seed_files.ts";

/** Keeps the target open from task to task. */
export class Assembler {
  readonly #directories: Directories;
  readonly #seeds: SeedFiles;
  readonly #near: NearSources;
  #target: { info: TargetInfo; file: TargetFile } | undefined;
  #probe = new Uint8Array(0);
  /** The last chunk, for a task that wants it. */
  #back: Uint8Array | undefined;
  /** The chunks that the main thread puts into a store. */
  #encoded: VerifiedChunk[] = [];
  /** Why the cache could not be used in this task. */
  #cacheProblem: WireError | undefined;
  /** Where seeds did not have what they should. */
  #invalidPlaces: InvalidPlace[] = [];

  constructor(directories: Directories, seeds: SeedFiles, near: NearSources) {
    this.#directories = directories;
    this.#seeds = seeds;
    this.#near = near;
  }

  run(task: AssembleTask): AssembleResult {
    this.#cacheProblem = undefined;
    this.#encoded = [];
    this.#invalidPlaces = [];
    const found: Found[] = [];
    const storedBytes: number[] = [];
    const bytes: (Uint8Array | undefined)[] = [];
    const near = task.near && this.#near.begin(task.near, task.items);
    for (const item of task.items) {
      const [where, stored] = near === undefined
        ? this.#assemble(task, item)
        : this.#takeFromNear(task, item, near);
      found.push(where);
      storedBytes.push(stored);
      if (task.giveBack) bytes.push(this.#back);
      this.#back = undefined;
    }
    return {
      found,
      storedBytes,
      bytes,
      encoded: this.#encoded,
      cacheProblem: this.#cacheProblem,
      nearFailure: near?.failure,
      invalidPlaces: this.#invalidPlaces,
    };
  }

  release(): void {
    this.#target?.file.close();
    this.#target = undefined;
    this.#near.release();
  }

  #assemble(task: AssembleTask, item: AssembleItem): [Found, number] {
    const { target, destination } = task;
    if (item.verified !== undefined) {
      this.#write(task, item, item.verified);
      freeBytes(item.verified);
      return ["copied", 0];
    }
    const probes = task.probeTarget && item.cloned !== true;
    if (target !== undefined && probes) {
      const found = this.#probePlaces(task, target, item);
      if (found !== null) return [found, 0];
    }
    if (target !== undefined && this.#copy(task, target, item)) return ["copied", 0];
    if (task.skipPresent && destination?.kind === "directory") {
      if (this.#directories.has(destination, item.id)) return ["present", 0];
    }
    if (item.given !== undefined) return this.#take(task, item, item.given);
    if (target !== undefined && task.seeds !== undefined) {
      const found = this.#takeFromSeeds(task, task.seeds, target, item);
      if (found !== null) return found;
    }
    for (const [number, source] of task.directories.entries()) {
      const stored = this.#takeFrom(task, item, source);
      if (stored !== null) return [number, stored];
    }
    return ["missing", 0];
  }

  /** Delivers a chunk that was fetched, if it is the right one. */
  #take(task: AssembleTask, item: AssembleItem, given: StoredChunk): ["given" | WireError, number] {
    const storedBytes = given.bytes.length;
    let chunk: OpenedChunk;
    try {
      chunk = open(task, item, given);
    } catch (error) {
      // The caller may fetch another copy.
      if (isInvalid(error)) return [errorToWire(error), 0];
      throw error;
    }
    const { bytes } = chunk;
    this.#write(task, item, bytes);
    this.#store(task, chunk);
    if (task.giveBack) this.#back = bytes;
    for (const used of [bytes, chunk.stored.bytes, given.bytes]) {
      if (used.buffer !== this.#back?.buffer) freeBytes(used);
    }
    return ["given", storedBytes];
  }

  /** The same for a chunk that this worker has requested. A wrong one counts as missing: it is requested again elsewhere. */
  #takeFromNear(
    task: AssembleTask,
    item: AssembleItem,
    near: NearSource,
  ): ["given" | "missing" | "absent", number] {
    const stored = near.take(item);
    if (stored === null) return ["missing", 0];
    if (stored === "absent") return [stored, 0];
    let chunk: OpenedChunk;
    try {
      chunk = open(task, item, stored);
    } catch (error) {
      if (isInvalid(error)) return ["missing", 0];
      throw error;
    }
    this.#write(task, item, chunk.bytes);
    this.#store(task, chunk);
    this.#useLent(task, stored, chunk);
    return ["given", stored.bytes.length];
  }

  /** The same for a chunk in a directory. Returns the bytes that it has there, `null` when it is not there. */
  #takeFrom(task: AssembleTask, item: AssembleItem, source: DirectorySource): number | null {
    const directory = this.#directories.at(source);
    const isCache = source.role === "cache";
    let stored: StoredChunk | null;
    let chunk: OpenedChunk;
    try {
      stored = directory.read(item.id, item.size);
      if (stored === null) return null;
      chunk = open(task, item, stored);
    } catch (error) {
      if (!isCache) {
        throw isInvalid(error) ? invalidChunk(item.id, source.directory, error, INVALID_IN_STORE) : error;
      }
      if (isInvalid(error)) {
        refuseInCache(item.id, source.directory, error, source.repair);
        this.#withCache(task, () => directory.remove(item.id));
      } else this.#cacheFailed(task, error);
      return null;
    }
    const storedBytes = stored.bytes.length;
    this.#write(task, item, chunk.bytes);
    if (isCache) directory.touch(item.id, stored.form);
    else this.#store(task, chunk);
    this.#useLent(task, stored, chunk);
    return storedBytes;
  }

  /** Gives back what is wanted of a chunk that was read into a buffer which is used again: plain bytes lie in it still. */
  #useLent({ giveBack }: AssembleTask, { form }: StoredChunk, { bytes }: OpenedChunk): void {
    if (giveBack) this.#back = form === "compressed" ? bytes : bytes.slice();
    else if (form === "compressed") freeBytes(bytes);
  }

  /**
   * Copies the chunk from the first place in a seed that has it; what was cloned and is right stays as it is. What was read
   * to be hashed is written: copy_file_range takes a twentieth less time for both, but copies what is there by then.
   */
  #takeFromSeeds(
    task: AssembleTask,
    seeds: readonly SeedFile[],
    target: TargetInfo,
    item: AssembleItem,
  ): [Found, number] | null {
    const { places = [], offsets } = item;
    if (places.length === 0) return null;
    const wrong = item.cloned ? this.#wrongOffsets(task, target, item) : offsets;
    if (wrong.length === 0) return [{ seed: places[0].seed }, item.size];
    for (const place of places) {
      const bytes = this.#seeds.read(seeds[place.seed], place.offset, item.size);
      if (bytes instanceof Uint8Array && isChunk(task, item, bytes)) {
        this.#write(task, item, bytes, wrong);
        return [{ seed: place.seed }, item.size];
      }
      const problem = bytes instanceof Uint8Array ? undefined : bytes;
      this.#invalidPlaces.push({ ...place, id: item.id, size: item.size, problem });
    }
    return null;
  }

  /** The places of the chunk where the target has something else. */
  #wrongOffsets(task: AssembleTask, target: TargetInfo, item: AssembleItem): number[] {
    return item.offsets.filter((offset) => this.#read(task, target, item, offset) === null);
  }

  /** Writes the verified bytes to the blob, if there is one. */
  #write(
    { target }: AssembleTask,
    item: AssembleItem,
    bytes: Uint8Array,
    offsets: readonly number[] = item.offsets,
  ): void {
    if (target === undefined) return;
    const file = this.#open(target);
    try {
      for (const offset of offsets) {
        if (item.cloned) file.overwrite(bytes, offset);
        else file.write(bytes, offset);
      }
    } catch (error) {
      throw fileError("write", target.displayName, error);
    }
  }

  /** Adds a chunk that came from a store to the one that is filled, if there is one. */
  #store(task: AssembleTask, chunk: OpenedChunk): void {
    const { destination } = task;
    if (destination === undefined) return;
    if (destination.kind === "directory") {
      if (this.#cacheProblem === undefined) {
        this.#withCache(task, () => this.#directories.add(destination, chunk));
      }
      return;
    }
    this.#encoded.push(encodeForMain(destination, chunk));
  }

  #withCache(task: AssembleTask, change: () => unknown): void {
    try {
      change();
    } catch (error) {
      this.#cacheFailed(task, error);
    }
  }

  #cacheFailed(task: AssembleTask, error: unknown): void {
    if (!task.cacheMayFail) throw error;
    this.#cacheProblem ??= errorToWire(error);
  }

  /** Looks where the target has the chunk, and copies it to its other places. `null` when it is nowhere. */
  #probePlaces(task: AssembleTask, target: TargetInfo, item: AssembleItem): "in place" | "copied" | null {
    if (task.giveBack) {
      // It is only asked for one place at a time.
      this.#back = this.#read(task, target, item, item.offsets[0])?.slice();
      return this.#back === undefined ? null : "in place";
    }
    let from: number | undefined;
    const lacking: number[] = [];
    for (const offset of item.offsets) {
      if (this.#has(task, target, item, offset)) from ??= offset;
      else lacking.push(offset);
    }
    if (from === undefined) return null;
    if (lacking.length === 0) return "in place";
    const bytes = this.#read(task, target, item, from);
    if (bytes === null) return null;
    this.#write(task, item, bytes, lacking);
    return "copied";
  }

  #has(task: AssembleTask, target: TargetInfo, item: AssembleItem, offset: number): boolean {
    // What was not written yet need not be read.
    const isZeros = item.isZeros === true;
    if ((target.resumed || isZeros) && this.#open(target).isHole(offset, item.size)) return isZeros;
    return this.#read(task, target, item, offset) !== null;
  }

  /** Copies the chunk from where the target should have it. False when it is not there. */
  #copy(task: AssembleTask, target: TargetInfo, item: AssembleItem): boolean {
    if (item.copyFrom === undefined) return false;
    const bytes = this.#read(task, target, item, item.copyFrom);
    if (bytes === null) return false;
    this.#write(task, item, bytes);
    return true;
  }

  /** The chunk as the target has it at that place, valid until the next call; `null` when it has something else there. */
  #read(task: AssembleTask, target: TargetInfo, item: AssembleItem, offset: number): Uint8Array | null {
    if (this.#probe.length < item.size) this.#probe = new Uint8Array(item.size);
    let bytes: Uint8Array;
    try {
      bytes = this.#open(target).read(this.#probe.subarray(0, item.size), offset);
    } catch (error) {
      // What cannot be read of an earlier run is written again.
      if (target.resumed) return null;
      throw fileError("read", target.displayName, error);
    }
    return isChunk(task, item, bytes) ? bytes : null;
  }

  #open(info: TargetInfo): TargetFile {
    const open = this.#target;
    if (open !== undefined && isSameTarget(open.info, info)) return open.file;
    open?.file.close();
    this.#target = undefined;
    try {
      this.#target = { info, file: new TargetFile(info.path, info) };
    } catch (error) {
      throw fileError("write", info.displayName, error);
    }
    return this.#target.file;
  }
}

/** Whether a file that was opened for the one can be used for the other. */
function isSameTarget(a: TargetInfo, b: TargetInfo): boolean {
  return a.path === b.path && a.sparse === b.sparse && a.resumed === b.resumed;
}

/** Whether the bytes are what the chunk's id says. */
function isChunk(task: AssembleTask, item: AssembleItem, bytes: Uint8Array): boolean {
  return bytes.length === item.size && toHex(nativeCodec.digest(task.digest, bytes)) === item.id;
}

function open(task: AssembleTask, item: AssembleItem, stored: StoredChunk): OpenedChunk {
  return openChunk(nativeCodec, stored, { id: item.id, digest: task.digest, size: item.size });
}
