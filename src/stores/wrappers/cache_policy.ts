/**
 * What is kept in a cache, and what is done about what is wrong in it. The one policy for all that reads through a cache,
 * be it with asynchronous requests ({@linkcode CacheUse}) or by worker threads in a directory.
 */
import type { ChunkId } from "../../core/chunk.ts";
import { type Codec, DEFAULT_ZSTD_LEVEL } from "../../codec/codec.ts";
import { type ChunkEncoding, encodeIfPossible } from "../../codec/encode_chunk.ts";
import { invalidChunk, type OpenedChunk } from "../../codec/open_chunk.ts";
import type { DesyncError } from "../../core/errors.ts";
import type { StoreProperties } from "../store.ts";

/**
 * Chunks are kept as they came, unless the cache wants another form: compressing plain ones would take longer than all else
 * that reading does.
 */
export function cacheEncoding({ form }: Pick<StoreProperties, "form">): ChunkEncoding {
  return { form: form ?? "as it came", level: DEFAULT_ZSTD_LEVEL };
}

/** A chunk from a store in the form in which the cache gets it; plain where the codec cannot compress. */
export function encodeForCache(
  codec: Codec,
  chunk: OpenedChunk,
  cache: Pick<StoreProperties, "form">,
): OpenedChunk {
  return encodeIfPossible(codec, chunk, cacheEncoding(cache));
}

/**
 * Throws the error for a chunk in the cache at `location` that was refused with `error`, unless it is to be replaced. It
 * has to be removed then: the right one may come in the other form, and this one would be found first.
 */
export function refuseInCache(id: ChunkId, location: string, error: DesyncError, repair: boolean): void {
  if (repair && error.code !== "wrong-digest") return;
  const whatToDo = `\`desync verify -r -s ${location}\` removes it, \`--cache-repair\` replaces it`;
  throw invalidChunk(id, `the cache ${location}`, error, whatToDo, location);
}
