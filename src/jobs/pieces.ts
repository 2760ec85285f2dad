/** A blob as pieces that are to become chunks: cut by its data, front to back, whoever finds where. */
import type { ChunkSizes } from "../chunk.ts";
import { Cutter, type ScannedPart } from "../chunker/cuts.ts";
import { discriminator } from "../chunker/params.ts";
import { ChunkerStream } from "../chunker/stream.ts";
import type { Piece } from "../workers/messages.ts";
import type { Workers } from "./ports.ts";

/** Bytes that a worker scans at a time. */
const PART_BYTES = 4 * 1024 * 1024;
/** Pieces, and bytes of them, that a worker hashes at a time. */
const GROUP_PIECES = 64;
const GROUP_BYTES = 4 * 1024 * 1024;

/** Neighbouring pieces, and how many came before them. */
export interface PieceGroup {
  readonly first: number;
  readonly pieces: Piece[];
}

/** The part of a file that is cut. */
export interface FileRange {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** The pieces of a file. Workers scan its parts for places to cut while earlier pieces are already taken. */
export async function* piecesOfFile(
  file: FileRange,
  sizes: ChunkSizes,
  workers: Workers,
): AsyncGenerator<PieceGroup> {
  const cutter = new Cutter(sizes);
  const groups = new Grouping();
  let start = file.start;
  const add = function* (cuts: readonly number[]): Generator<PieceGroup> {
    for (const cut of cuts) {
      const end = file.start + cut;
      yield* groups.add({ offset: start, size: end - start });
      start = end;
    }
  };
  if (cutter.needsCandidates) {
    for await (const part of scannedParts(file, sizes, workers)) yield* add(cutter.push(part));
  }
  yield* add(cutter.finish(file.end - file.start));
  yield* groups.rest();
}

/** Parts in order, with as many scans ahead as keep the workers busy. Positions count from the range's start. */
async function* scannedParts(
  file: FileRange,
  sizes: ChunkSizes,
  workers: Workers,
): AsyncGenerator<ScannedPart> {
  const d = discriminator(sizes);
  const ahead: Promise<ScannedPart>[] = [];
  let next = file.start;
  const begin = async (start: number, end: number): Promise<ScannedPart> => {
    const { positions } = await workers.scan({
      file: file.path,
      origin: file.start,
      start,
      end,
      discriminator: d,
    });
    return { start: start - file.start, end: end - file.start, positions };
  };
  while (next < file.end || ahead.length > 0) {
    while (next < file.end && ahead.length < 2 * workers.size) {
      const end = Math.min(next + PART_BYTES, file.end);
      const scan = begin(next, end);
      // When an earlier one fails, nobody waits for this one any more.
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
  #pieces: Piece[] = [];
  #bytes = 0;

  *add(piece: Piece): Generator<PieceGroup> {
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
