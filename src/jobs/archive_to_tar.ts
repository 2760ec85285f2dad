/** What an archive says written as a tar, as a stream of bytes. */
import { concat } from "../bytes.ts";
import { type LoseInTar, TarEncoder } from "../formats/tar_encoder.ts";
import type { Visit } from "./visit.ts";
import type { ArchiveStream } from "./write_archive.ts";

/** Small pieces are joined. */
const GROUP_BYTES = 256 * 1024;
/** Pieces that may wait to be taken before the reading of the archive does. */
const PIECES_AHEAD = 4;

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
  read: (visit: Visit) => Promise<void>,
  options: TarStreamOptions = {},
): ArchiveStream<{ omitted: number }> {
  const ahead = { highWaterMark: PIECES_AHEAD };
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(
    {},
    ahead,
  );
  const writer = writable.getWriter();
  const encoder = new TarEncoder(options.rootName ?? "data", options.lose ?? (() => {}));
  let omitted = 0;
  let group: Uint8Array[] = [];
  let length = 0;
  const flush = async () => {
    const bytes = concat(group);
    group = [];
    length = 0;
    await writer.ready;
    // When the stream has failed, the next wait for it says so.
    writer.write(bytes).catch(() => {});
  };
  const write = async () => {
    try {
      await read((event) => {
        if (event.type === "omitted") omitted++;
        for (const piece of encoder.visit(event)) {
          group.push(piece);
          length += piece.length;
        }
        return length >= GROUP_BYTES ? flush() : undefined;
      });
      group.push(encoder.finish());
      await flush();
      await writer.close();
      return { omitted };
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
