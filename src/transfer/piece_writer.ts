/** Pieces of a blob hashed, and added to a store as far as it lacks them. */
import { fromHex, toHex } from "../core/bytes.ts";
import { type ChunkId, type DigestName, ID_BYTES } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { RequestOptions } from "../stores/store.ts";
import type { CutPiece } from "./pieces.ts";
import type { Workers } from "./ports.ts";
import { type FilledDestination, forWorkers, type StoreWriter, writerFor } from "./store_writer.ts";

/** More groups are under way where a store is slow: some wait for it while workers are busy with others. */
const WAITING_GROUPS = 2;

/** What is done with pieces. */
export interface PieceWriterOptions {
  /** The blob, for pieces without bytes, and its name in messages. */
  readonly file: string;
  readonly digest: DigestName;
  /** Gets the chunks. Default: they are only hashed. */
  readonly destination?: FilledDestination;
}

/** What became of some pieces. */
export interface WrittenPieces {
  /** The ids of all pieces, 32 bytes each. */
  readonly ids: Uint8Array;
  /** Chunks that were added, and the bytes that they take. */
  readonly added: number;
  readonly addedBytes: number;
}

/** Has workers hash pieces. To a directory they add the chunks as well; other stores get them from the main thread. */
export class PieceWriter {
  readonly #workers: Workers;
  readonly #options: PieceWriterOptions;
  readonly #writer: StoreWriter | undefined;

  constructor(workers: Workers, options: PieceWriterOptions) {
    this.#workers = workers;
    this.#options = options;
    this.#writer = writerFor(options.destination);
  }

  /** Groups of pieces that should be under way at a time: what memory is bounded by. */
  get concurrency(): number {
    return 2 * this.#workers.size + (this.#writer === undefined ? 0 : WAITING_GROUPS);
  }

  /** Pieces with an `id` are compared with it: throws `mismatch`. Those with a `known` one are taken as they are. */
  async write(pieces: readonly CutPiece[], options: RequestOptions): Promise<WrittenPieces> {
    if (this.#writer !== undefined) return await this.#put(pieces, this.#writer, options);
    const { destination, ...task } = this.#options;
    const rest = pieces.filter(({ known }) => known === undefined);
    if (rest.length === 0) return { ids: inOrder(pieces, NO_IDS), added: 0, addedBytes: 0 };
    const result = await this.#workers.store({ ...task, pieces: rest, destination: forWorkers(destination) });
    return { ids: inOrder(pieces, result.ids), added: result.added, addedBytes: result.addedBytes };
  }

  /** First finds out which chunks the store lacks, then has these encoded, and puts them there. */
  async #put(
    pieces: readonly CutPiece[],
    writer: StoreWriter,
    options: RequestOptions,
  ): Promise<WrittenPieces> {
    const { destination, ...task } = this.#options;
    const identified = await this.#identify(pieces);
    const lacking = await writer.claim(identified.map(({ id }) => id), options);
    const wanted: Identified[] = [];
    for (const one of identified) {
      const present = !lacking.delete(one.id);
      // What has to be compared is, even if the store has it.
      if (!present || one.piece.id !== undefined) wanted.push({ ...one, present });
    }
    let addedBytes = 0;
    let added = 0;
    if (wanted.length > 0) {
      const { ids, encoded } = await this.#workers.store({
        ...task,
        destination: forWorkers(destination),
        pieces: wanted.map(({ piece: { offset, size, id }, bytes, present }) => {
          return { offset, size, bytes, id, present };
        }),
      });
      wanted.forEach(({ id }, i) => this.#checkSame(id, idAt(ids, i)));
      await writer.put(encoded, options);
      added = encoded.length;
      addedBytes = encoded.reduce((sum, { stored }) => sum + stored.bytes.length, 0);
    }
    const ids = new Uint8Array(pieces.length * ID_BYTES);
    identified.forEach(({ raw }, i) => ids.set(raw, i * ID_BYTES));
    return { ids, added, addedBytes };
  }

  /** The pieces with their ids: workers hash those that have none. */
  async #identify(pieces: readonly CutPiece[]): Promise<Identified[]> {
    const { destination: _, ...task } = this.#options;
    const unknown = pieces.filter(({ known, id }) => known === undefined && id === undefined);
    const hashed = unknown.length === 0
      ? undefined
      : await this.#workers.store({ ...task, pieces: unknown, giveBack: true });
    let next = 0;
    return pieces.map((piece) => {
      const { known, id } = piece;
      if (id !== undefined) return { piece, id, raw: fromHex(id), bytes: piece.bytes };
      if (known !== undefined) return { piece, id: toHex(known), raw: known, bytes: piece.bytes };
      const raw = hashed!.ids.subarray(next * ID_BYTES, (next + 1) * ID_BYTES);
      return { piece, id: toHex(raw), raw, bytes: hashed!.bytes[next++] };
    });
  }

  #checkSame(before: ChunkId, now: ChunkId): void {
    if (before === now) return;
    throw new DesyncError("io", {
      action: "use",
      subject: this.#options.file,
      reason: "it changed while it was read",
    });
  }
}

/** A piece, its id, and its bytes where it came with them. */
interface Identified {
  readonly piece: CutPiece;
  readonly id: ChunkId;
  readonly raw: Uint8Array;
  readonly bytes: Uint8Array | undefined;
  readonly present?: boolean;
}

const NO_IDS = new Uint8Array(0);

function idAt(ids: Uint8Array, i: number): ChunkId {
  return toHex(ids.subarray(i * ID_BYTES, (i + 1) * ID_BYTES));
}

/** The ids of all pieces: those that are known, and `found` for the others. */
function inOrder(pieces: readonly CutPiece[], found: Uint8Array): Uint8Array {
  const ids = new Uint8Array(pieces.length * ID_BYTES);
  let next = 0;
  for (const [i, { known }] of pieces.entries()) {
    ids.set(known ?? found.subarray(next, next += ID_BYTES), i * ID_BYTES);
  }
  return ids;
}
