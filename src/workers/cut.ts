/** In a worker: the file that is being cut. Looks for candidates, hashes spans, adds them to a store. */
import { concat, freeBytes, fromHex, toHex } from "../core/bytes.ts";
import { type ChunkId, ID_BYTES } from "../core/chunk.ts";
import {
  CandidateList,
  divisor,
  isCandidateAmongZeros,
  LEAD_IN,
  scanCandidates,
} from "../chunker/candidates.ts";
import { guessCuts } from "../chunker/cuts.ts";
import { discriminator } from "../chunker/params.ts";
import { digestAll } from "../codec/codec.ts";
import { hashChunks, type OpenedChunk, type VerifiedChunk } from "../codec/open_chunk.ts";
import { ZeroIds } from "../codec/zero_ids.ts";
import { DesyncError } from "../core/errors.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import { SourceFile } from "../deno/files/source_file.ts";
import { grouped } from "../transfer/groups.ts";
import type { Directories } from "./directories.ts";
import { encodeForMain } from "./encode_for_main.ts";
import type {
  ChunkSpan,
  GuessedChunks,
  GuessOptions,
  ScanResult,
  ScanTask,
  StoreResult,
  StoreTask,
} from "../transfer/messages.ts";

/** Small spans are read and hashed together, as far as they stay in a processor's own cache. */
const RUN_BYTES = 1024 * 1024;

const NOT_GUESSED: GuessedChunks = { starts: [], ends: [], ids: new Uint8Array(0), hashedBytes: 0 };

interface HashedSpan {
  readonly span: ChunkSpan;
  readonly id: ChunkId;
  /** Nothing for a span that need not be read. */
  readonly chunk?: OpenedChunk;
}

/** Keeps the file open and its buffer in use from task to task. */
export class CutWorker {
  readonly #directories: Directories;
  #file: SourceFile | undefined;
  #buffer = new Uint8Array(0);
  readonly #zeroIds = new ZeroIds(nativeCodec);

  constructor(directories: Directories) {
    this.#directories = directories;
  }

  scan(task: ScanTask): ScanResult {
    const { file, origin, start, end, sizes, guess } = task;
    const leadIn = Math.min(LEAD_IN, start - origin);
    const rule = divisor(discriminator(sizes));
    if (!isCandidateAmongZeros(rule) && this.#open(file).isHole(start - leadIn, end - start + leadIn)) {
      return { positions: new Uint32Array(0), guessed: NOT_GUESSED };
    }
    const bytes = this.#read(file, start - leadIn, end - start + leadIn);
    const list = new CandidateList();
    scanCandidates(bytes, leadIn, bytes.length, rule, list);
    const positions = list.positions.slice();
    const part = { start: start - origin, end: end - origin, positions };
    if (guess === undefined) return { positions, guessed: NOT_GUESSED };
    return { positions, guessed: this.#hashChunks(bytes.subarray(leadIn), guessCuts(part, sizes), guess) };
  }

  store(task: StoreTask): StoreResult {
    const { destination, giveBack } = task;
    const encoded: VerifiedChunk[] = [];
    const back: (Uint8Array | undefined)[] = [];
    const ids = new Uint8Array(task.spans.length * ID_BYTES);
    let done = 0;
    let added = 0;
    let addedBytes = 0;
    for (const spans of grouped(task.spans, Infinity, RUN_BYTES)) {
      for (const { span, id, chunk } of this.#hashSpans(task, spans)) {
        if (span.id !== undefined && span.id !== id) throw mismatch(task.file, span, id);
        ids.set(fromHex(id), done++ * ID_BYTES);
        if (destination?.kind === "directory") {
          const size = chunk === undefined || this.#directories.has(destination, id)
            ? null
            : this.#directories.add(destination, chunk);
          if (size !== null) {
            addedBytes += size;
            added++;
          }
        } else if (destination !== undefined && chunk !== undefined && !span.present) {
          encoded.push(encodeForMain(destination, chunk));
        }
        if (giveBack) back.push(span.bytes);
        else if (span.bytes !== undefined) freeBytes(span.bytes);
      }
    }
    return { ids, added, addedBytes, encoded, bytes: back };
  }

  /** Hashes all of these together. The bytes of their chunks are valid until the next call. */
  #hashSpans(task: StoreTask, spans: readonly ChunkSpan[]): HashedSpan[] {
    const zeros = spans.map((span) => this.#idOfHole(task, span));
    const bytes = this.#bytesOf(task.file, spans.filter((_, i) => zeros[i] === undefined));
    const chunks = hashChunks(nativeCodec, task.digest, bytes).values();
    return spans.map((span, i) => {
      const id = zeros[i];
      if (id !== undefined) return { span, id };
      const chunk = chunks.next().value!;
      return { span, id: chunk.id, chunk };
    });
  }

  /** The id of a span that need not be read: it lies in a hole, and the destination wants nothing of it. */
  #idOfHole({ file, digest, destination }: StoreTask, span: ChunkSpan): ChunkId | undefined {
    const { bytes, offset, size, present } = span;
    if (bytes !== undefined || !this.#open(file).isHole(offset, size)) return undefined;
    const zeros = this.#zeroIds.of(digest, size);
    const isWanted = destination?.kind === "directory"
      ? !this.#directories.has(destination, zeros)
      : destination !== undefined && !present;
    return isWanted ? undefined : zeros;
  }

  release(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Hashes the chunks that lie between each of the cuts and the next. */
  #hashChunks(
    bytes: Uint8Array,
    cuts: readonly number[],
    { digest, destination }: GuessOptions,
  ): GuessedChunks {
    const starts: number[] = [];
    const ends: number[] = [];
    const ids: Uint8Array[] = [];
    const pieces = cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
    for (const [i, id] of digestAll(nativeCodec, digest, pieces).entries()) {
      if (destination !== undefined && !this.#directories.has(destination, toHex(id))) continue;
      starts.push(cuts[i]);
      ends.push(cuts[i + 1]);
      ids.push(id);
    }
    const hashedBytes = cuts.length === 0 ? 0 : cuts[cuts.length - 1] - cuts[0];
    return { starts, ends, ids: concat(ids), hashedBytes };
  }

  /** Part of the file, valid until the next call. */
  #read(path: string, offset: number, size: number): Uint8Array {
    const file = this.#open(path);
    const bytes = this.#room(size);
    file.read(bytes, offset);
    return bytes;
  }

  /** The spans' bytes, valid until the next call. Those that follow each other in the file are read at once. */
  #bytesOf(path: string, spans: readonly ChunkSpan[]): Uint8Array[] {
    const room = this.#room(
      spans.reduce((sum, { size, bytes }) => bytes === undefined ? sum + size : sum, 0),
    );
    const pieces: Uint8Array[] = [];
    let end = 0;
    let run = { offset: 0, start: 0 };
    const readRun = () => {
      if (run.start < end) this.#open(path).read(room.subarray(run.start, end), run.offset);
    };
    for (const { offset, size, bytes } of spans) {
      if (bytes === undefined && offset !== run.offset + end - run.start) {
        readRun();
        run = { offset, start: end };
      }
      pieces.push(bytes ?? room.subarray(end, end += size));
    }
    readRun();
    return pieces;
  }

  #room(size: number): Uint8Array {
    if (this.#buffer.length < size) this.#buffer = new Uint8Array(size);
    return this.#buffer.subarray(0, size);
  }

  #open(path: string): SourceFile {
    if (this.#file?.path !== path) {
      this.release();
      this.#file = new SourceFile(path);
    }
    return this.#file!;
  }
}

function mismatch(file: string, { offset, size, id }: ChunkSpan, found: string): DesyncError {
  const where = `bytes ${offset} to ${offset + size}`;
  const reason = `is not what the index describes: ${where} should be chunk ${id} and are ${found}`;
  return new DesyncError("mismatch", { subject: file, reason });
}
