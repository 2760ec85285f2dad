/** A blob as pieces that are to become chunks: cut by its data, front to back, whatever thread finds where. */
import type { ChunkSizes, DigestName } from "../core/chunk.ts";
import { Cutter, type ScannedPart } from "../chunker/cuts.ts";
import { ChunkerStream } from "../chunker/stream.ts";
import type { FilledDestination } from "./store_writer.ts";
import type { GuessedChunks, Piece } from "./messages.ts";
import { type Guesses, Guesswork } from "./guesses.ts";
import { GROUP_BYTES, GROUP_PIECES } from "./plan.ts";
import type { Workers } from "./ports.ts";

/** Bytes that a worker scans at a time. */
const PART_BYTES = 4 * 1024 * 1024;

/** A piece, and its id where nothing is left to do for it. */
export interface CutPiece extends Piece {
  readonly known?: Uint8Array;
}

/** Neighbouring pieces, and how many came before them. */
export interface PieceGroup {
  readonly first: number;
  readonly pieces: CutPiece[];
}

/** The part of a file that is cut. */
export interface FileRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** How a file is cut, and what its pieces are for. */
export interface PieceOptions {
  readonly sizes: ChunkSizes;
  readonly digest: DigestName;
  /** The store that the pieces are added to. */
  readonly destination?: FilledDestination;
  /** Bytes that a worker scans at a time. */
  readonly partBytes?: number;
}

/**
 * The pieces of a file. Workers scan its parts for places to cut while earlier pieces are already taken; most pieces
 * they hash at once, guessing where they are.
 */
export async function* piecesOfFile(
  file: FileRange,
  options: PieceOptions,
  workers: Workers,
): AsyncGenerator<PieceGroup> {
  const cutter = new Cutter(options.sizes);
  const groups = new Grouping();
  let start = 0;
  const add = function* (cuts: readonly number[], guesses?: Guesses): Generator<PieceGroup> {
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
  { sizes, digest, destination, partBytes = PART_BYTES }: PieceOptions,
  workers: Workers,
  guesswork: Guesswork,
): AsyncGenerator<Found> {
  // What another store has is asked for all pieces, guessed or not.
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
      // When an earlier one fails, no one waits for this one any more.
      scan.catch(() => {});
      ahead.push(scan);
      next = end;
    }
    yield await ahead.shift()!;
  }
}

/** The pieces of a stream, with their bytes: read once, never held as a whole. */
export async function* piecesOfStream(
  stream: ReadableStream<Uint8Array>,
  sizes: ChunkSizes,
  signal?: AbortSignal,
): AsyncGenerator<PieceGroup> {
  const groups = new Grouping();
  let offset = 0;
  // The signal also ends the wait for a stream that gives nothing.
  for await (const bytes of stream.pipeThrough(new ChunkerStream(sizes), { signal })) {
    yield* groups.add({ offset, size: bytes.length, bytes });
    offset += bytes.length;
  }
  yield* groups.rest();
}

/** Collects pieces until they are worth a worker's while. */
class Grouping {
  #first = 0;
  #pieces: CutPiece[] = [];
  #bytes = 0;

  *add(piece: CutPiece): Generator<PieceGroup> {
    this.#pieces.push(piece);
    this.#bytes += piece.size;
    if (this.#pieces.length >= GROUP_PIECES || this.#bytes >= GROUP_BYTES) yield* this.rest();
  }

  *rest(): Generator<PieceGroup> {
    if (this.#pieces.length === 0) return;
    yield { first: this.#first, pieces: this.#pieces };
    this.#first += this.#pieces.length;
    this.#pieces = [];
    this.#bytes = 0;
  }
}
