/** A blob as spans that are to become chunks: cut by its data, front to back, whatever thread finds where. */
import type { ChunkSizes, DigestName } from "../core/chunk.ts";
import { Cutter, type ScannedPart } from "../chunker/cuts.ts";
import { ChunkerStream, type ChunkerStreamOptions } from "../chunker/stream.ts";
import type { FilledDestination } from "./store_writer.ts";
import type { ChunkSpan, GuessedChunks } from "./messages.ts";
import { type Guesses, Guesswork } from "./guesses.ts";
import { GROUP_BYTES, GROUP_SPANS } from "./groups.ts";
import type { Workers } from "./ports.ts";

/** Bytes that a worker scans at a time. */
const PART_BYTES = 4 * 1024 * 1024;

/** A span, and its id where nothing is left to do for it. */
export interface CutSpan extends ChunkSpan {
  readonly known?: Uint8Array;
}

/** Neighbouring spans, and how many came before them. */
export interface SpanGroup {
  readonly first: number;
  readonly spans: CutSpan[];
}

/** The part of a file that is cut. */
export interface FileRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** How a file is cut, and what its spans are for. */
export interface CuttingOptions {
  readonly sizes: ChunkSizes;
  readonly digest: DigestName;
  /** The store that the spans are added to. */
  readonly destination?: FilledDestination;
  /** Bytes that a worker scans at a time. */
  readonly partBytes?: number;
}

/**
 * The spans of a file. Workers scan its parts for places to cut while earlier spans are already taken; most spans
 * they hash at once, guessing where they are.
 */
export async function* spansOfFile(
  file: FileRange,
  options: CuttingOptions,
  workers: Workers,
): AsyncGenerator<SpanGroup> {
  const cutter = new Cutter(options.sizes);
  const groups = new Grouping();
  let start = 0;
  const add = function* (cuts: readonly number[], guesses?: Guesses): Generator<SpanGroup> {
    for (const cut of cuts) {
      yield* groups.add({ offset: file.start + start, size: cut - start, known: guesses?.idOf(start, cut) });
      start = cut;
    }
  };
  if (cutter.needsCandidates) {
    const guesswork = new Guesswork();
    for await (const { part, guessed } of scannedParts(file, options, workers, guesswork)) {
      yield* add(cutter.push(part), guesswork.look(part.start, guessed));
    }
  }
  yield* add(cutter.finish(file.end - file.start));
  yield* groups.rest();
}

/** What a worker found in a part. */
interface Found {
  readonly part: ScannedPart;
  readonly guessed: GuessedChunks;
}

/** Parts in order, with as many scans ahead as keep the workers busy. Positions count from the range's start. */
async function* scannedParts(
  file: FileRange,
  { sizes, digest, destination, partBytes = PART_BYTES }: CuttingOptions,
  workers: Workers,
  guesswork: Guesswork,
): AsyncGenerator<Found> {
  // What another store has is asked for all spans, guessed or not.
  const directory = destination?.kind === "directory" ? destination : undefined;
  const ahead: Promise<Found>[] = [];
  let next = file.start;
  const begin = async (start: number, end: number): Promise<Found> => {
    const { positions, guessed } = await workers.scan({
      file: file.path,
      origin: file.start,
      start,
      end,
      sizes,
      guess: guesswork.pays ? { digest, destination: directory } : undefined,
    });
    return { part: { start: start - file.start, end: end - file.start, positions }, guessed };
  };
  while (next < file.end || ahead.length > 0) {
    while (next < file.end && ahead.length < 2 * workers.size) {
      const end = Math.min(next + partBytes, file.end);
      const scan = begin(next, end);
      // When an earlier one fails, this one is not waited for.
      scan.catch(() => {});
      ahead.push(scan);
      next = end;
    }
    yield await ahead.shift()!;
  }
}

/** The spans of a stream, with their bytes: read once, never held as a whole. */
export async function* spansOfStream(
  stream: ReadableStream<Uint8Array>,
  sizes: ChunkSizes,
  { signal, ownsPieces }: ChunkerStreamOptions & { readonly signal?: AbortSignal } = {},
): AsyncGenerator<SpanGroup> {
  const groups = new Grouping();
  let offset = 0;
  // The signal also ends the wait for a stream that gives nothing.
  for await (const bytes of stream.pipeThrough(new ChunkerStream(sizes, { ownsPieces }), { signal })) {
    yield* groups.add({ offset, size: bytes.length, bytes });
    offset += bytes.length;
  }
  yield* groups.rest();
}

/** Collects spans until they are worth a worker's while. */
class Grouping {
  #first = 0;
  #spans: CutSpan[] = [];
  #bytes = 0;

  *add(span: CutSpan): Generator<SpanGroup> {
    this.#spans.push(span);
    this.#bytes += span.size;
    if (this.#spans.length >= GROUP_SPANS || this.#bytes >= GROUP_BYTES) yield* this.rest();
  }

  *rest(): Generator<SpanGroup> {
    if (this.#spans.length === 0) return;
    yield { first: this.#first, spans: this.#spans };
    this.#first += this.#spans.length;
    this.#spans = [];
    this.#bytes = 0;
  }
}
