/**
 * In a worker: chunks from directories, seeds, requests or the main thread, verified, delivered to a blob, a store, or both.
 * They are taken in groups (chunk_group.ts), with the results and the errors that they would have one by one.
 */
import { freeBytes, toHex } from "../core/bytes.ts";
import type { StoredChunk } from "../core/chunk.ts";
import {
  type ExpectedChunk,
  invalidChunk,
  isInvalid,
  type OpenedChunk,
  type VerifiedChunk,
} from "../codec/open_chunk.ts";
import { DesyncError, errorFromWire, errorToWire, type WireError } from "../core/errors.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import { refuseInCache } from "../stores/wrappers/cache_policy.ts";
import { INVALID_IN_STORE } from "../stores/wrappers/open_from.ts";
import type { ChunkGroup } from "./chunk_group.ts";
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
import { TargetPlaces } from "./target_places.ts";

/** Takes the result for one chunk: where it was found, the bytes read of stores for it, and its own where they are wanted. */
type Settle = (found: Found, storedBytes?: number, bytes?: Uint8Array) => void;

/** Keeps the target open from task to task. */
export class Assembler {
  readonly #directories: Directories;
  readonly #seeds: SeedFiles;
  readonly #near: NearSources;
  readonly #group: ChunkGroup;
  readonly #target = new TargetPlaces();
  #probe = new Uint8Array(0);
  /** The chunks that the main thread puts into a store. */
  #encoded: VerifiedChunk[] = [];
  /** Why the cache could not be used in this task. */
  #cacheProblem: WireError | undefined;
  /** Where seeds did not have what they should. */
  #invalidPlaces: InvalidPlace[] = [];

  constructor(directories: Directories, seeds: SeedFiles, near: NearSources, group: ChunkGroup) {
    this.#directories = directories;
    this.#seeds = seeds;
    this.#near = near;
    this.#group = group;
  }

  run(task: AssembleTask): AssembleResult {
    this.#cacheProblem = undefined;
    this.#encoded = [];
    this.#invalidPlaces = [];
    const found: Found[] = [];
    const storedBytes: number[] = [];
    const bytes: (Uint8Array | undefined)[] = [];
    const near = task.near && this.#near.begin(task.near, task.items);
    try {
      for (const [i, item] of task.items.entries()) {
        const settle: Settle = (where, stored = 0, back) => {
          found[i] = where;
          storedBytes[i] = stored;
          if (task.giveBack) bytes[i] = back;
        };
        if (near === undefined) this.#assemble(task, item, settle);
        else this.#takeFromNear(task, item, near, settle);
      }
    } finally {
      // What came before has its turn before an error, and may have its own.
      this.#group.open();
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
    this.#target.release();
    this.#near.release();
  }

  #assemble(task: AssembleTask, item: AssembleItem, settle: Settle): void {
    const { target } = task;
    if (item.verified !== undefined) {
      this.#write(task, item, item.verified);
      freeBytes(item.verified);
      return settle("copied");
    }
    const probes = task.probeTarget && item.cloned !== true && item.offsets.length > 0;
    if (target !== undefined && probes) this.#probePlaces(task, target, item, settle);
    else this.#search(task, item, settle);
  }

  /** Takes a chunk from the first place that has it, but for the target's own. */
  #search(task: AssembleTask, item: AssembleItem, settle: Settle): void {
    const { target, destination, seeds } = task;
    if (target !== undefined && this.#copy(task, target, item)) return settle("copied");
    if (task.skipPresent && destination?.kind === "directory") {
      if (this.#directories.has(destination, item.id)) return settle("present");
    }
    if (item.given !== undefined) this.#take(task, item, item.given, settle);
    else if (target !== undefined && seeds !== undefined) {
      this.#takeFromSeeds(task, seeds, target, item, settle);
    } else this.#takeFromDirectories(task, item, settle);
  }

  /** Delivers a chunk that was fetched, if it is the right one. */
  #take(task: AssembleTask, item: AssembleItem, given: StoredChunk, settle: Settle): void {
    const storedBytes = given.bytes.length;
    const keep = task.giveBack;
    this.#group.makeRoom(item.size);
    this.#group.add(given, expectedOf(task, item), { keep }, (opened) => {
      if (opened instanceof DesyncError) {
        // The caller may fetch another copy.
        if (isInvalid(opened)) return settle(errorToWire(opened));
        throw opened;
      }
      const { bytes, stored } = opened;
      this.#write(task, item, bytes);
      this.#store(task, opened);
      for (const used of [stored.bytes, given.bytes]) {
        if (!keep || used.buffer !== bytes.buffer) freeBytes(used);
      }
      settle("given", storedBytes, keep ? bytes : undefined);
    });
  }

  /** The same for a chunk that this worker has requested. A wrong one counts as missing: it is requested again elsewhere. */
  #takeFromNear(task: AssembleTask, item: AssembleItem, near: NearSource, settle: Settle): void {
    // Those that came are done while others are waited for.
    if (!this.#group.isSmall && !near.isHere) this.#group.open();
    this.#group.makeRoom(item.size);
    const stored = near.take(item);
    if (stored === null) return settle("missing");
    if (stored === "absent") return settle(stored);
    const storedBytes = stored.bytes.length;
    this.#addLent(task, item, stored, task.destination !== undefined, (opened) => {
      if (opened instanceof DesyncError) {
        if (isInvalid(opened)) return settle("missing");
        throw opened;
      }
      this.#write(task, item, opened.bytes);
      this.#store(task, opened);
      settle("given", storedBytes, this.#back(task, opened));
    });
  }

  /** The same for a chunk in a directory, the first that has it from that number on. */
  #takeFromDirectories(task: AssembleTask, item: AssembleItem, settle: Settle, first = 0): void {
    // What follows for others may read from the same directories.
    this.#group.makeRoom(item.size);
    for (let number = first; number < task.directories.length; number++) {
      const source = task.directories[number];
      const directory = this.#directories.at(source);
      const isCache = source.role === "cache";
      let stored: StoredChunk | null;
      try {
        stored = directory.read(item.id, item.size);
      } catch (error) {
        // Those before have their turn.
        this.#group.open();
        this.#refuse(task, item, source, error);
        continue;
      }
      if (stored === null) continue;
      const { form, bytes: { length: storedBytes } } = stored;
      return this.#addLent(task, item, stored, task.destination !== undefined && !isCache, (opened) => {
        if (opened instanceof DesyncError) {
          this.#refuse(task, item, source, opened);
          this.#takeFromDirectories(task, item, settle, number + 1);
          return this.#group.open();
        }
        this.#write(task, item, opened.bytes);
        if (isCache) directory.touch(item.id, form);
        else this.#store(task, opened);
        settle(number, storedBytes, this.#back(task, opened));
      });
    }
    settle("missing");
  }

  /** Throws the error about a chunk in a directory, unless that is a cache which need not have it. */
  #refuse(task: AssembleTask, item: AssembleItem, source: DirectorySource, error: unknown): void {
    const { directory, repair } = source;
    if (source.role !== "cache") {
      throw isInvalid(error) ? invalidChunk(item.id, directory, error, INVALID_IN_STORE) : error;
    }
    if (!isInvalid(error)) return this.#cacheFailed(task, error);
    refuseInCache(item.id, directory, error, repair);
    this.#withCache(task, () => this.#directories.at(source).remove(item.id));
  }

  /** Adds a chunk that was read into a buffer which is used again. With `storing`, its stored bytes are used later. */
  #addLent(
    task: AssembleTask,
    item: AssembleItem,
    stored: StoredChunk,
    storing: boolean,
    finish: (opened: OpenedChunk | DesyncError) => void,
  ): void {
    const copy = storing || stored.form === "plain";
    this.#group.add(stored, expectedOf(task, item), { copy, keep: task.giveBack }, finish);
  }

  /** What is given back of a chunk that was lent: plain bytes lie in memory that is used again. */
  #back({ giveBack }: AssembleTask, { bytes, stored: { form } }: OpenedChunk): Uint8Array | undefined {
    if (!giveBack) return undefined;
    return form === "compressed" ? bytes : bytes.slice();
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
    settle: Settle,
  ): void {
    const { places = [], offsets } = item;
    if (places.length === 0) this.#takeFromDirectories(task, item, settle);
    else if (!item.cloned) this.#takeFromPlaces(task, seeds, item, offsets, settle);
    else {
      this.#findInTarget(task, target, item, (_, lacking) => {
        if (lacking.length === 0) settle({ seed: places[0].seed }, item.size);
        else this.#takeFromPlaces(task, seeds, item, lacking, settle);
      });
    }
  }

  /** The same for these places of the target, from that place in a seed on. */
  #takeFromPlaces(
    task: AssembleTask,
    seeds: readonly SeedFile[],
    item: AssembleItem,
    offsets: readonly number[],
    settle: Settle,
    first = 0,
  ): void {
    const { id, size, places = [] } = item;
    if (first === places.length) return this.#takeFromDirectories(task, item, settle);
    const place = places[first];
    const bytes = this.#seeds.readInto(this.#group.roomFor(size), seeds[place.seed], place.offset);
    const isRead = bytes instanceof Uint8Array;
    const finish = (opened: OpenedChunk | DesyncError) => {
      if (!(opened instanceof DesyncError)) {
        this.#write(task, item, opened.bytes, offsets);
        return settle({ seed: place.seed }, size);
      }
      this.#invalidPlaces.push({ ...place, id, size, problem: isRead ? undefined : bytes });
      this.#takeFromPlaces(task, seeds, item, offsets, settle, first + 1);
      this.#group.open();
    };
    if (isRead) this.#addRead(task, item, bytes, finish);
    else this.#group.addError(errorFromWire(bytes), finish);
  }

  /** Adds what was read into the group's memory. */
  #addRead(
    task: AssembleTask,
    item: AssembleItem,
    bytes: Uint8Array,
    finish: (opened: OpenedChunk | DesyncError) => void,
  ): void {
    this.#group.add({ form: "plain", bytes }, expectedOf(task, item), {}, finish);
  }

  /** Writes the verified bytes to the blob, if there is one. */
  #write(
    { target }: AssembleTask,
    item: AssembleItem,
    bytes: Uint8Array,
    offsets: readonly number[] = item.offsets,
  ): void {
    if (target !== undefined) this.#target.write(target, item, bytes, offsets);
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

  /** Looks where the target has the chunk, and copies it to its other places; searches elsewhere when it is nowhere. */
  #probePlaces(task: AssembleTask, target: TargetInfo, item: AssembleItem, settle: Settle): void {
    if (task.giveBack) {
      // It is only asked for one place at a time.
      const bytes = this.#read(task, target, item, item.offsets[0])?.slice();
      return bytes === undefined ? this.#search(task, item, settle) : settle("in place", 0, bytes);
    }
    this.#findInTarget(task, target, item, (having, lacking) => {
      if (lacking.length === 0) return settle("in place");
      const bytes = having.length === 0 ? null : this.#read(task, target, item, having[0]);
      if (bytes === null) return this.#search(task, item, settle);
      this.#write(task, item, bytes, lacking);
      settle("copied");
    });
  }

  /** Finds out at which of its places, one or more, the target has the chunk. */
  #findInTarget(
    task: AssembleTask,
    target: TargetInfo,
    item: AssembleItem,
    then: (having: readonly number[], lacking: readonly number[]) => void,
  ): void {
    const having: number[] = [];
    const lacking: number[] = [];
    const learn = (offset: number, has: boolean) => {
      (has ? having : lacking).push(offset);
      if (having.length + lacking.length === item.offsets.length) then(having, lacking);
    };
    for (const offset of item.offsets) {
      // What is known of holes may be older than what was cloned.
      const known = item.cloned ? undefined : this.#target.knows(target, item, offset);
      if (known === undefined) {
        const bytes = this.#target.read(target, this.#group.roomFor(item.size), offset);
        this.#addRead(task, item, bytes, (opened) => {
          learn(offset, !(opened instanceof DesyncError));
          this.#group.open();
        });
      } else learn(offset, known);
    }
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
    const bytes = this.#target.read(target, this.#probe.subarray(0, item.size), offset);
    return isChunk(task, item, bytes) ? bytes : null;
  }
}

/** Whether the bytes are what the chunk's id says. */
function isChunk(task: AssembleTask, item: AssembleItem, bytes: Uint8Array): boolean {
  return bytes.length === item.size && toHex(nativeCodec.digest(task.digest, bytes)) === item.id;
}

function expectedOf({ digest }: AssembleTask, { id, size }: AssembleItem): ExpectedChunk {
  return { id, digest, size };
}
