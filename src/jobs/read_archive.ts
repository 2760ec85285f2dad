/** An archive from wherever its bytes come, read as a whole. */
import { DesyncError } from "../errors.ts";
import { ArchiveDecoder } from "../formats/archive.ts";
import type { Visit } from "./visit.ts";

/** Bytes in order: a stream of the web is one. */
export type Pieces = AsyncIterable<Uint8Array>;

/**
 * Calls `visit` for all that the archive says, in its order. Throws `invalid-archive` when it is none, `interrupted`,
 * and whatever `visit` throws.
 */
export async function readArchive(
  pieces: Pieces,
  visit: Visit,
  signal?: AbortSignal,
): Promise<void> {
  const decoder = new ArchiveDecoder();
  for await (const piece of pieces) {
    if (signal?.aborted) throw new DesyncError("interrupted", "Interrupted");
    decoder.push(piece);
    for (let event = decoder.next(); event !== null; event = decoder.next()) {
      const waiting = visit(event);
      if (waiting !== undefined) await waiting;
    }
  }
  decoder.finish();
}
