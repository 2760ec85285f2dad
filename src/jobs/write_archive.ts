/** An archive as a stream of bytes, while somebody reads the tree. */
import { ArchiveEncoder } from "../formats/archive_encoder.ts";
import type { Visit } from "./visit.ts";

/** Pieces that may wait to be taken before the reading of the tree does. */
const PIECES_AHEAD = 8;

/** An archive that is being written. */
export interface ArchiveStream<T> {
  /** The archive's bytes. Cancelling it makes `read` fail. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What `read` returned, once the archive is complete. */
  readonly done: Promise<T>;
}

/**
 * The archive of what `read` passes to the function that it gets. An error of `read` is that of the stream as well; `usage`
 * and `unsupported` when what it passes on makes no archive.
 */
export function archiveStream<T>(features: bigint, read: (visit: Visit) => Promise<T>): ArchiveStream<T> {
  const ahead = { highWaterMark: PIECES_AHEAD };
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(
    {},
    ahead,
  );
  const writer = writable.getWriter();
  let full = false;
  const encoder = new ArchiveEncoder(features, (piece) => {
    // When the stream has failed, the next wait for it says so.
    writer.write(piece).catch(() => {});
    full = (writer.desiredSize ?? 0) <= 0;
  });
  const visit: Visit = (event) => {
    encoder.visit(event);
    if (!full) return;
    full = false;
    return writer.ready;
  };
  const write = async (): Promise<T> => {
    try {
      const result = await read(visit);
      encoder.finish();
      await writer.close();
      return result;
    } catch (error) {
      await writer.abort(error).catch(() => {});
      throw error;
    }
  };
  const done = write();
  // Whoever reads the stream is told there too, and may not get so far as to ask here.
  done.catch(() => {});
  return { readable, done };
}
