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
import { hashChunk, type VerifiedChunk } from "../codec/open_chunk.ts";
import { ZeroIds } from "../codec/zero_ids.ts";
import { DesyncError } from "../core/errors.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import { SourceFile } from "../deno/files/source_file.ts";
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

/** Small spans are read together, as far as they stay in a processor's own cache. */
const RUN_BYTES = 512 * 1024;

const NOT_GUESSED: GuessedChunks = { starts: [], ends: [], ids: new Uint8Array(0), hashedBytes: 0 };

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
    let added = 0;
    let addedBytes = 0;
    let run: Uint8Array = new Uint8Array(0);
    let runStart = 0;
    let runEnd = -1;
    for (const [i, span] of task.spans.entries()) {
      const zeros = this.#idOfHole(task, span);
      if (zeros !== undefined) {
        ids.set(fromHex(zeros), i * ID_BYTES);
        continue;
      }
      if (span.bytes === undefined && (span.offset < runStart || span.offset + span.size > runEnd)) {
        runStart = span.offset;
        runEnd = endOfRun(task.spans, i);
        run = this.#read(task.file, runStart, runEnd - runStart);
      }
      const bytes = span.bytes ??
        run.subarray(span.offset - runStart, span.offset - runStart + span.size);
      const chunk = hashChunk(nativeCodec, task.digest, bytes);
      ids.set(fromHex(chunk.id), i * ID_BYTES);
      if (span.id !== undefined && span.id !== chunk.id) throw mismatch(task.file, span, chunk.id);
      if (destination?.kind === "directory") {
        const size = this.#directories.has(destination, chunk.id)
          ? null
          : this.#directories.add(destination, chunk);
        if (size !== null) {
          addedBytes += size;
          added++;
        }
      } else if (destination !== undefined && !span.present) {
        encoded.push(encodeForMain(destination, chunk));
      }
      if (giveBack) back.push(span.bytes);
      else if (span.bytes !== undefined) freeBytes(span.bytes);
    }
    return { ids, added, addedBytes, encoded, bytes: back };
  }

  /** The id of a span that need not be read: it lies in a hole, and the destination wants nothing of it. */
  #idOfHole({ file, digest, destination }: StoreTask, span: ChunkSpan): ChunkId | undefined {
    const { bytes, offset, size, id, present } = span;
    if (bytes !== undefined || !this.#open(file).isHole(offset, size)) return undefined;
    const zeros = this.#zeroIds.of(digest, size);
    if (id !== undefined && id !== zeros) throw mismatch(file, span, zeros);
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
    for (let i = 1; i < cuts.length; i++) {
      const id = nativeCodec.digest(digest, bytes.subarray(cuts[i - 1], cuts[i]));
      if (destination !== undefined && !this.#directories.has(destination, toHex(id))) continue;
      starts.push(cuts[i - 1]);
      ends.push(cuts[i]);
      ids.push(id);
    }
    const hashedBytes = cuts.length === 0 ? 0 : cuts[cuts.length - 1] - cuts[0];
    return { starts, ends, ids: concat(ids), hashedBytes };
  }

  /** Part of the file, valid until the next call. */
  #read(path: string, offset: number, size: number): Uint8Array {
    const file = this.#open(path);
    if (this.#buffer.length < size) this.#buffer = new Uint8Array(size);
    const bytes = this.#buffer.subarray(0, size);
    file.read(bytes, offset);
    return bytes;
  }

  #open(path: string): SourceFile {
    if (this.#file?.path !== path) {
      this.release();
      this.#file = new SourceFile(path);
    }
    return this.#file!;
  }
}

/** Where the spans end that follow each other from span `first` on and are read at once. */
function endOfRun(spans: readonly ChunkSpan[], first: number): number {
  const { offset, size } = spans[first];
  let end = offset + size;
  for (let i = first + 1; i < spans.length; i++) {
    const next = spans[i];
    if (next.bytes !== undefined || next.offset !== end || end + next.size - offset > RUN_BYTES) break;
    end += next.size;
  }
  return end;
}

function mismatch(file: string, { offset, size, id }: ChunkSpan, found: string): DesyncError {
  const where = `bytes ${offset} to ${offset + size}`;
  const reason = `is not what the index describes: ${where} should be chunk ${id} and are ${found}`;
  return new DesyncError("mismatch", { subject: file, reason });
}
