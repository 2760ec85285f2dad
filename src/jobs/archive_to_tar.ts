/** What an archive says written as a tar, as a stream of bytes. */
import { ByteWriter } from "../formats/byte_writer.ts";
import { type LoseInTar, TarEncoder } from "../formats/tar_encoder.ts";
import { type PieceStream, pieceStream } from "./piece_stream.ts";
import type { ArchiveEventHandler } from "../formats/archive.ts";

/** What {@linkcode tarStream} may be given. */
export interface TarStreamOptions {
  /** What the archive's root is called when it is no directory. Default: `data`. */
  readonly rootName?: string;
  /** Is told of what a tar cannot hold. */
  readonly lose?: LoseInTar;
}

/**
 * The tar, fit for GNU tar, of what `read` passes to the function that it gets: an archive, or parts of one whose roots have
 * names. What `done` tells is how many names the archive has nothing for. An error of `read` is that of the stream as well.
 */
export function tarStream(
  read: (onEvent: ArchiveEventHandler) => Promise<void>,
  options: TarStreamOptions = {},
): PieceStream<{ omitted: number }> {
  return pieceStream(async (sink) => {
    const encoder = new TarEncoder(options.rootName ?? "data", options.lose ?? (() => {}));
    const writer = new ByteWriter(sink.emit);
    let omitted = 0;
    await read((event) => {
      if (event.type === "omitted") omitted++;
      for (const piece of encoder.visit(event)) writer.bytes(piece);
      return sink.room();
    });
    writer.bytes(encoder.finish());
    writer.flush();
    return { omitted };
  });
}
