/** An archive as a stream of bytes, encoded while the tree is read. */
import { ArchiveEncoder } from "../formats/archive/archive_encoder.ts";
import type { Progress } from "../core/progress.ts";
import { type PieceStream, pieceStream } from "./piece_stream.ts";
import type { ArchiveEventHandler } from "../formats/archive/archive.ts";

/**
 * The archive of what `read` passes to the function that it gets; `progress` counts its bytes. An error of `read` is that of the stream as well; `usage`
 * and `unsupported` when what it passes on makes no archive.
 *
 * @example An archive of one file, which has no name as the archive's root
 * ```ts
 * import { archiveStream, DEFAULT_FEATURES } from "@desync/desync";
 *
 * const text = new TextEncoder().encode("hello\n");
 * const { readable } = archiveStream(DEFAULT_FEATURES, async (onEvent) => {
 *   const common = { features: DEFAULT_FEATURES, flags: 0n, uid: 0, gid: 0, mtime: 0n, xattrs: [] };
 *   const name = new Uint8Array(0);
 *   await onEvent({ type: "node", node: { ...common, name, kind: "file", mode: 0o644, size: text.length } });
 *   await onEvent({ type: "data", bytes: text });
 *   await onEvent({ type: "end" });
 * });
 * const archive = await new Response(readable).bytes();
 * if (archive.length !== 64 + 16 + text.length) throw new Error("not an ENTRY and a PAYLOAD");
 * ```
 */
export function archiveStream<T>(
  features: bigint,
  read: (onEvent: ArchiveEventHandler) => Promise<T>,
  options: { readonly progress?: Progress } = {},
): PieceStream<T> {
  const { progress } = options;
  return pieceStream(async (sink) => {
    const encoder = new ArchiveEncoder(features, (piece) => {
      if (progress !== undefined) progress.done += piece.length;
      sink.emit(piece);
    });
    const result = await read((event) => {
      encoder.visit(event);
      return sink.room();
    });
    encoder.finish();
    return result;
  });
}
