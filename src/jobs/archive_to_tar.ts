/** An archive, or some of its paths, as a tar. */
import { ByteWriter } from "../formats/byte_writer.ts";
import { TarEncoder } from "../formats/tar/tar_encoder.ts";
import { Losses } from "../archive/losses.ts";
import { type PieceStream, pieceStream } from "../archive/piece_stream.ts";
import type { ArchiveBytes, SelectOptions } from "../archive/read_selected.ts";
import { unpack, type UnpackResult } from "./unpack.ts";

/** What {@linkcode archiveToTar} may be given. */
export interface ArchiveToTarOptions extends SelectOptions {
  /** What the archive's root is called when it is no directory. Default: `data`. */
  readonly rootName?: string;
}

/**
 * The archive as a tar, fit for GNU tar. An error of reading it is that of the stream as well; `done` says what a tar cannot
 * hold.
 *
 * @example A tar of one directory of an archive
 * ```ts
 * import { archiveToTar } from "@desync/desync";
 *
 * using archive = await Deno.open("testdata/tree.catar");
 * const { readable, done } = archiveToTar(archive.readable, { paths: ["bin"] });
 * const tar = await new Response(readable).bytes();
 * const { losses } = await done;
 * if (tar.length % 512 !== 0 || losses.length > 0) throw new Error("a part is missing");
 * ```
 */
export function archiveToTar(
  archive: ArchiveBytes,
  options: ArchiveToTarOptions = {},
): PieceStream<UnpackResult> {
  return pieceStream(async (sink) => {
    const losses = new Losses();
    const encoder = new TarEncoder(options.rootName ?? "data", losses.add.bind(losses));
    const writer = new ByteWriter(sink.emit);
    const tar = {
      write: (event: Parameters<TarEncoder["visit"]>[0]) => {
        for (const piece of encoder.visit(event)) writer.bytes(piece);
        return sink.room();
      },
      finish: () => {
        writer.bytes(encoder.finish());
        writer.flush();
        return Promise.resolve(losses.all);
      },
    };
    return await unpack(archive, tar, options);
  });
}
