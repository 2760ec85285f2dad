/** The forms in which stores get their chunks. */
import type { StoredForm } from "../core/chunk.ts";
import { canCompress, type Codec, type CompressingCodec } from "./codec.ts";
import { compressChunk, isZstd, type OpenedChunk, plainChunk } from "./open_chunk.ts";

/** How chunks are to be stored. Compressed is by zstd: every reader knows that, which gzip and xz are not. */
export interface ChunkEncoding {
  /** One of the forms, or that in which a chunk came, as far as that is zstd or plain. */
  readonly form: StoredForm | "as it came";
  /** zstd's level, for chunks that have to be compressed. */
  readonly level: number;
}

/** The chunk, to be stored so. One that came so is left as it is. */
export function encodeChunk(
  codec: CompressingCodec,
  chunk: OpenedChunk,
  { form, level }: ChunkEncoding,
): OpenedChunk {
  if (form === "plain") return plainChunk(chunk);
  if (form === "as it came" && chunk.stored.form === "plain") return chunk;
  return compressChunk(codec, chunk, level);
}

/** The same with a codec that may not be able to compress: then plain, unless the chunk came with zstd and may be left so. */
export function encodeIfPossible(codec: Codec, chunk: OpenedChunk, encoding: ChunkEncoding): OpenedChunk {
  if (canCompress(codec)) return encodeChunk(codec, chunk, encoding);
  return encoding.form !== "plain" && isZstd(chunk.stored) ? chunk : plainChunk(chunk);
}
