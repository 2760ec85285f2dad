/** An archive as a stream of bytes, while somebody reads the tree. */
import { ArchiveEncoder } from "../formats/archive_encoder.ts";
import { type PieceStream, pieceStream } from "./piece_stream.ts";
import type { Visit } from "./visit.ts";

/**
 * The archive of what `read` passes to the function that it gets. An error of `read` is that of the stream as well; `usage`
 * and `unsupported` when what it passes on makes no archive.
 */
export function archiveStream<T>(features: bigint, read: (visit: Visit) => Promise<T>): PieceStream<T> {
  return pieceStream(async (sink) => {
    const encoder = new ArchiveEncoder(features, sink.emit);
    const result = await read((event) => {
      encoder.visit(event);
      return sink.room();
    });
    encoder.finish();
    return result;
  });
}
