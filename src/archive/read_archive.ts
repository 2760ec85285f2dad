/** An archive from wherever its bytes come, read as a whole. */
import { ArchiveDecoder, type ArchiveEventHandler } from "../formats/archive/archive.ts";
import { freeBytes } from "../core/bytes.ts";
import { Yielder } from "../core/yielder.ts";

/** Bytes in order: a stream of the web is one. */
export type Pieces = AsyncIterable<Uint8Array>;

/** How an archive is read. */
export interface ReadArchiveOptions {
  /** The pieces are those of one node inside of an archive. */
  readonly part?: boolean;
  /** Stops the reading. */
  readonly signal?: AbortSignal;
  /** The pieces are not used elsewhere, nor does `onEvent` keep their bytes: their memory is given back as they are read. */
  readonly ownsPieces?: boolean;
}

/**
 * Calls `onEvent` for all that is in the archive, in its order. Throws `invalid-archive`, `interrupted`, and whatever
 * `onEvent` throws.
 *
 * @example Count the bytes of an archive's files
 * ```ts
 * import { readArchive } from "@desync/desync";
 *
 * using file = await Deno.open("testdata/tree.catar");
 * let size = 0;
 * await readArchive(file.readable, (event) => {
 *   if (event.type === "node") size += event.node.size;
 * });
 * if (size === 0) throw new Error("there are files in it");
 * ```
 */
export async function readArchive(
  pieces: Pieces,
  onEvent: ArchiveEventHandler,
  options: ReadArchiveOptions = {},
): Promise<void> {
  const decoder = new ArchiveDecoder({ part: options.part });
  const yielder = new Yielder(options.signal);
  for await (const piece of pieces) {
    decoder.push(piece);
    await passReady(decoder, onEvent, yielder);
    if (options.ownsPieces && decoder.usedAll) freeBytes(piece);
  }
  decoder.end();
  await passReady(decoder, onEvent, yielder);
  decoder.finish();
}

/** Events that are visited before the clock is looked at: a file has three, and making one may take its time. */
const EVENTS = 30;

/** One piece may hold thousands of small files. */
async function passReady(
  decoder: ArchiveDecoder,
  onEvent: ArchiveEventHandler,
  yielder: Yielder,
): Promise<void> {
  let count = 0;
  for (let event = decoder.next(); event !== null; event = decoder.next()) {
    if (count++ % EVENTS === 0) await yielder.yieldIfDue();
    const pending = onEvent(event);
    if (pending !== undefined) await pending;
  }
}
