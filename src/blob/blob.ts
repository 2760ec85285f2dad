/** A blob that lies in chunks, read like a file: any part of it, in order, fetching only the chunks that it takes. */
import type { ChunkId } from "../core/chunk.ts";
import type { Codec } from "../codec/codec.ts";
import { portableCodec } from "../codec/portable.ts";
import { ZeroChunk } from "../codec/zero_chunk.ts";
import type { ExpectedChunk } from "../codec/open_chunk.ts";
import { concat } from "../core/bytes.ts";
import { interrupted } from "../core/errors.ts";
import { onAbort } from "../core/on_abort.ts";
import { TurnoverMap } from "../core/turnover_map.ts";
import type { Index } from "../formats/index/index.ts";
import { Yielder } from "../core/yielder.ts";
import { ChunkReader } from "../stores/wrappers/chunk_reader.ts";
import type { ChunkStore, RequestOptions, Sources } from "../stores/store.ts";
import { SharedReads } from "./shared_reads.ts";

/** Bytes of chunks that are read ahead of the one that is wanted next. */
const READ_AHEAD_BYTES = 16 * 1024 * 1024;

/** Parts of fewer bytes are read without a {@linkcode BulkReader}, which may take a while to get going. */
export const BULK_BYTES: number = 32 * 1024 * 1024;

/** What a {@linkcode ChunkedBlob} may be given. */
export interface BlobOptions {
  /** What decompresses and verifies. Default: JavaScript that runs anywhere. */
  readonly codec?: Codec;
  /** Bytes of chunks that are kept for the next read of this blob or its parts. Default: none. */
  readonly keepBytes?: number;
  /** Reads chunks in place of the stores when a large part is read in order: by other threads, for instance. */
  readonly bulk?: BulkReader;
}

/** Reads many chunks. */
export interface BulkReader {
  /** Chunks that should be asked for before their turn. */
  readonly ahead: number;
  /** The chunk's verified bytes, which are the caller's. */
  read(
    chunk: ExpectedChunk & { readonly size: number },
    options?: RequestOptions,
  ): Promise<Uint8Array>;
}

/** What all parts of a blob share. */
interface Shared {
  readonly index: Index;
  readonly zeros: ZeroChunk;
  readonly reader: ChunkReader;
  readonly reads: SharedReads;
  readonly kept: KeptChunks;
  readonly bulk?: BulkReader;
}

/**
 * A part of a blob, or all of it. Reading verifies every chunk before any of its bytes is given out.
 *
 * @example The last bytes of a blob, for which one chunk is read
 * ```ts
 * import { ChunkedBlob, parseIndex } from "@desync/desync";
 * import { LocalStore, nativeCodec } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/casync-blob.caibx"));
 * const store = new LocalStore("testdata/casync-zstd.castr");
 * const blob = ChunkedBlob.open(index, store, { codec: nativeCodec });
 * const tail = await blob.slice(-512).bytes();
 * if (tail.length !== 512) throw new Error("a part is missing");
 * ```
 */
export class ChunkedBlob {
  readonly #shared: Shared;
  readonly #index: Index;
  readonly #start: number;
  readonly #end: number;

  private constructor(shared: Shared, start: number, end: number) {
    this.#shared = shared;
    this.#index = shared.index;
    this.#start = start;
    this.#end = end;
  }

  /** The whole blob that the index describes, out of these stores. */
  static open(index: Index, sources: Sources | ChunkStore, options: BlobOptions = {}): ChunkedBlob {
    const from: Sources = "stores" in sources ? sources : { stores: [sources] };
    const codec = options.codec ?? portableCodec;
    const shared: Shared = {
      index,
      zeros: new ZeroChunk(index, codec),
      reader: new ChunkReader(from, codec),
      reads: new SharedReads(),
      kept: new KeptChunks(options.keepBytes ?? 0),
      bulk: options.bulk,
    };
    return new ChunkedBlob(shared, 0, index.size);
  }

  /** Bytes in this part. */
  get size(): number {
    return this.#end - this.#start;
  }

  /** The bytes from `start` up to but without `end`. As with a `Blob`, negative numbers count from the end. */
  slice(start = 0, end: number = this.size): ChunkedBlob {
    const clamp = (at: number) => Math.max(0, Math.min(this.size, at < 0 ? this.size + at : at));
    const from = clamp(start);
    const to = Math.max(from, clamp(end));
    return new ChunkedBlob(this.#shared, this.#start + from, this.#start + to);
  }

  /** The bytes in order. Chunks are read ahead, as many as the link rewards; cancelling stops that. */
  stream(options: { signal?: AbortSignal } = {}): ReadableStream<Uint8Array> {
    const stop = new AbortController();
    const pieces = this.#pieces(stop.signal);
    const finish = onAbort(options.signal, () => stop.abort());
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (stop.signal.aborted) throw interrupted();
          if (!done) return controller.enqueue(value);
          finish();
          controller.close();
        } catch (error) {
          finish();
          stop.abort();
          // Whatever the store threw then: stores of others may throw the signal's reason.
          throw options.signal?.aborted ? interrupted() : error;
        }
      },
      async cancel() {
        finish();
        stop.abort();
        await pieces.return(undefined);
      },
    }, { highWaterMark: 0 });
  }

  /** All bytes of this part at once, which has to fit into memory. */
  async bytes(options: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.stream(options)) pieces.push(piece);
    return concat(pieces);
  }

  async *#pieces(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    if (this.size === 0) return;
    const last = this.#index.chunkAt(this.#end - 1);
    let next = this.#index.chunkAt(this.#start);
    const ahead: Ahead[] = [];
    const underWay = new TurnoverMap<ChunkId, Promise<Uint8Array>>();
    let bytesAhead = 0;
    const yielder = new Yielder(signal);
    while (next <= last || ahead.length > 0) {
      if (yielder.isDue) await yielder.yieldNow();
      while (next <= last && (ahead.length === 0 || this.#mayReadAhead(ahead.length, bytesAhead))) {
        ahead.push(this.#begin(next, underWay, signal));
        bytesAhead += this.#index.length(next++);
      }
      const { chunk, bytes, made } = ahead.shift()!;
      const whole = await bytes;
      bytesAhead -= whole.length;
      const start = this.#index.start(chunk);
      const part = whole.subarray(
        Math.max(0, this.#start - start),
        Math.min(whole.length, this.#end - start),
      );
      // The reader may change the bytes, so a chunk that comes again is copied.
      const id = this.#index.id(chunk);
      const again = ahead.some((one) => one.bytes === bytes);
      if (!again) underWay.delete(id);
      const shared = made !== true && this.#shared.kept.keep(id, whole);
      yield shared || again ? new Uint8Array(part) : part;
    }
  }

  get #bulk(): BulkReader | undefined {
    return this.size >= BULK_BYTES ? this.#shared.bulk : undefined;
  }

  #mayReadAhead(chunks: number, bytes: number): boolean {
    return chunks < (this.#bulk?.ahead ?? this.#shared.reader.ahead) && bytes < READ_AHEAD_BYTES;
  }

  #begin(chunk: number, underWay: TurnoverMap<ChunkId, Promise<Uint8Array>>, signal: AbortSignal): Ahead {
    const id = this.#index.id(chunk);
    const size = this.#index.length(chunk);
    const { zeros } = this.#shared;
    if (zeros.is(id, size)) return { chunk, bytes: Promise.resolve(zeros.bytes()), made: true };
    const kept = this.#shared.kept.get(id);
    if (kept !== undefined) return { chunk, bytes: Promise.resolve(kept) };
    let bytes = underWay.get(id);
    if (bytes === undefined) {
      bytes = this.#read({ id, digest: this.#index.digest, size }, signal);
      // Its failure is seen when its turn comes, or never when the reader stops before.
      bytes.catch(ignore);
      underWay.set(id, bytes);
    }
    return { chunk, bytes };
  }

  #read(chunk: ExpectedChunk & { readonly size: number }, signal: AbortSignal): Promise<Uint8Array> {
    const { reader, reads } = this.#shared;
    const read = (signal: AbortSignal) =>
      this.#bulk?.read(chunk, { signal }) ?? reader.read(chunk, { signal });
    return reads.get(chunk.id, read, signal);
  }
}

function ignore(): void {}

/** A chunk that is being read before its turn. */
interface Ahead {
  readonly chunk: number;
  readonly bytes: Promise<Uint8Array>;
  /** It was made for this turn: nothing else uses the bytes, and they need not be kept. */
  readonly made?: boolean;
}

/** The chunks that were used last. */
class KeptChunks {
  readonly #most: number;
  readonly #chunks = new Map<ChunkId, Uint8Array>();
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get(id: ChunkId): Uint8Array | undefined {
    return this.#chunks.get(id);
  }

  /** Keeps the chunk, and lets go of the one that was not used for longest. False when nothing is to be kept. */
  keep(id: ChunkId, bytes: Uint8Array): boolean {
    if (this.#most === 0) return false;
    if (!this.#chunks.delete(id)) this.#bytes += bytes.length;
    this.#chunks.set(id, bytes);
    for (const [oldest, { length }] of this.#chunks) {
      if (this.#bytes <= this.#most || oldest === id) break;
      this.#chunks.delete(oldest);
      this.#bytes -= length;
    }
    return true;
  }
}
