/** The new chunks of a delta file as a store: what a frame needs is fetched, all that it makes is given out. */
import { abortable } from "../core/abortable.ts";
import { concat, freeBytes, fromHex } from "../core/bytes.ts";
import { type ChunkId, ID_BYTES, type StoredChunk } from "../core/chunk.ts";
import { DesyncError, interrupted } from "../core/errors.ts";
import { IdTable } from "../formats/index/id_table.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import type { PatchFetch, PatchStore, RequestOptions, StoreProperties } from "../stores/store.ts";
import type { Delta, DeltaHead } from "./delta_file.ts";
import { FrameBytes } from "./frame_bytes.ts";
import type { DeltaFrame } from "./frame_list.ts";

/** Makes the content of a frame; `null` when old chunks are not at hand. Throws `invalid-chunk` for a damaged one. */
export type MakeFrame = (
  frame: DeltaFrame,
  bytes: Uint8Array,
  signal: AbortSignal,
) => Promise<Uint8Array | null>;

/** What the chunks are for. */
export interface DeltaStoreOptions {
  /** What the file is called. */
  readonly location: string;
  readonly make: MakeFrame;
  /** Whether an old chunk is at hand. Frames that need others are not fetched. Default: all are. */
  readonly hasBase?: (chunk: number) => boolean;
  /** Whether a new chunk will be asked for. Frames with none of these are not fetched. Default: all will. */
  readonly isNeeded?: (chunk: number) => boolean;
  /** Called for bytes that were fetched. */
  readonly onFetched?: (bytes: number) => void;
  /** Called once, when a part of the file is of no use: the chunks have to come from elsewhere. */
  readonly onProblem?: (problem: DesyncError) => void;
}

/** Bytes of frames that are made and of which not all chunks were asked for. */
const MOST_FRAME_BYTES = 64 * 1024 * 1024;
const NONE = -1;

/** A frame that is made, and how many of its chunks were asked for and given out. */
interface MadeFrame {
  readonly bytes: Promise<Uint8Array | null>;
  asked: number;
  given: number;
}

/** One delta, whose old version is at hand. */
export class DeltaStore implements PatchStore {
  readonly properties: StoreProperties;
  readonly #delta: Delta;
  readonly #head: DeltaHead;
  readonly #options: DeltaStoreOptions;
  readonly #ids: IdTable;
  /** For each new chunk the number of its frame. */
  readonly #frameOf: Int32Array;
  readonly #bytes: FrameBytes;
  readonly #frames = new Map<number, MadeFrame>();
  /** Bytes of all of them. */
  #frameBytes = 0;
  readonly #stop = new AbortController();
  #hasFailed = false;
  #hasReported = false;
  #hasFetched = false;

  constructor(delta: Delta, head: DeltaHead, access: RandomAccess, options: DeltaStoreOptions) {
    const { target, frames } = delta;
    this.properties = { location: options.location, probe: "cheap" };
    this.#delta = delta;
    this.#head = head;
    this.#options = options;
    const fresh = frames.flatMap(({ chunks }) => chunks);
    this.#ids = new IdTable(concat(fresh.map((i) => target.ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES))));
    this.#frameOf = new Int32Array(fresh.length);
    let chunk = 0;
    for (const [number, frame] of frames.entries()) {
      for (let n = frame.chunks.length; n > 0; n--) this.#frameOf[chunk++] = number;
    }
    const isUsed = (frame: DeltaFrame) => this.#isUsed(frame);
    this.#bytes = new FrameBytes(frames, isUsed, head, access, options.onFetched);
  }

  #isUsed({ codec, base, chunks }: DeltaFrame): boolean {
    const { hasBase = () => true, isNeeded = () => true } = this.#options;
    if (codec === "elsewhere" || !chunks.some((chunk) => isNeeded(chunk))) return false;
    for (const { first, count } of base) {
      for (let i = first; i < first + count; i++) if (!hasBase(i)) return false;
    }
    return true;
  }

  /** The chunk, plain, not verified; `null` where it cannot be made. Throws `interrupted` alone. */
  async get(id: ChunkId, { signal }: RequestOptions = {}): Promise<StoredChunk | null> {
    if (signal?.aborted) throw interrupted();
    const chunk = this.#find(id);
    if (chunk === NONE || this.#hasFailed) return null;
    const number = this.#frameOf[chunk];
    const { target, frames } = this.#delta;
    const { chunks } = frames[number];
    let made = this.#frames.get(number);
    if (made === undefined) {
      this.#makeRoom(number);
      this.#frames.set(number, made = { bytes: this.#make(number), asked: 0, given: 0 });
      this.#frameBytes += this.#sizeOf(number);
    }
    const { bytes: making } = made;
    if (++made.asked === chunks.length) this.#forget(number);
    const bytes = await abortable(() => making, signal);
    if (bytes === null) return null;
    let start = 0;
    for (const other of chunks) {
      const end = start + target.length(other);
      if (target.id(other) === id) {
        const copy = new Uint8Array(bytes.subarray(start, end));
        if (++made.given === chunks.length) freeBytes(bytes);
        return { form: "plain", bytes: copy };
      }
      start = end;
    }
    return null;
  }

  /** Forgets the frames that were made first, as long as this one has no room beside them. */
  #makeRoom(number: number): void {
    for (const oldest of this.#frames.keys()) {
      if (this.#frameBytes + this.#sizeOf(number) <= MOST_FRAME_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(number: number): void {
    if (this.#frames.delete(number)) this.#frameBytes -= this.#sizeOf(number);
  }

  /** Bytes that the frame makes. */
  #sizeOf(number: number): number {
    const { target, frames } = this.#delta;
    return frames[number].chunks.reduce((sum, chunk) => sum + target.length(chunk), 0);
  }

  /** Whether the chunk can be made, as far as that is known. */
  async has(id: ChunkId): Promise<boolean> {
    return await Promise.resolve(this.#find(id) !== NONE && !this.#hasFailed);
  }

  plannedFetch(ids: Iterable<ChunkId>): PatchFetch {
    return this.#bytes.plannedFetch(this.#framesOf(ids));
  }

  expect(ids: Iterable<ChunkId>): void {
    if (this.#hasFailed) return;
    const frames = new Set(this.#framesOf(ids));
    if (frames.size === 0) return;
    this.#countHead();
    this.#bytes.expect(frames);
  }

  *#framesOf(ids: Iterable<ChunkId>): Generator<number> {
    for (const id of ids) {
      const chunk = this.#find(id);
      if (chunk !== NONE) yield this.#frameOf[chunk];
    }
  }

  *neededIds(): Generator<ChunkId> {
    const { isNeeded = () => true } = this.#options;
    const { frames, target } = this.#delta;
    for (const [number, { chunks }] of frames.entries()) {
      if (!this.#bytes.has(number)) continue;
      for (const chunk of chunks) if (isNeeded(chunk)) yield target.id(chunk);
    }
  }

  refuse(id: ChunkId): void {
    this.#report(
      new DesyncError("invalid-chunk", {
        reason: `what it makes is not chunk ${id}`,
        chunk: id,
      }),
    );
  }

  /** The number of a new chunk that can be made. */
  #find(id: ChunkId): number {
    const [chunk] = this.#ids.find(fromHex(id));
    return chunk === NONE || !this.#bytes.has(this.#frameOf[chunk]) ? NONE : chunk;
  }

  async #make(number: number): Promise<Uint8Array | null> {
    const frame = this.#delta.frames[number];
    let bytes: Uint8Array;
    try {
      this.#countHead();
      bytes = await this.#bytes.read(number);
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
      // What fails once takes its time each time.
      this.#hasFailed = true;
      this.#report(error);
      return null;
    }
    try {
      const made = await this.#options.make(frame, bytes, this.#stop.signal);
      if (made === null) {
        this.#report(new DesyncError("mismatch", { reason: "the old version is not what it was" }));
      }
      return made;
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code !== "invalid-chunk") throw error;
      this.#report(error);
      return null;
    }
  }

  /** The head counts when something of the file is used. */
  #countHead(): void {
    if (!this.#hasFetched) this.#options.onFetched?.(this.#head.fetchedBytes);
    this.#hasFetched = true;
  }

  #report(error: DesyncError): void {
    if (this.#hasReported) return;
    this.#hasReported = true;
    const { location, onProblem } = this.#options;
    onProblem?.(error.withContext({ action: "use", subject: `the delta ${location}` }));
  }

  /** Ends what is being fetched. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#bytes[Symbol.dispose]();
    await Promise.resolve();
  }
}
