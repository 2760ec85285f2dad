/** The paths under which chunks are requested: exactly as a store on a web server has them. */
import { chunkPath, type NamedChunk, parseChunkName } from "../../core/chunk.ts";

/** Bytes before the id in `/abcd/<id>`. */
const ID_AT = 6;

/**
 * The chunk at `/abcd/<id>.cacnk` or `/abcd/<id>`, each with the suffix of encrypted ones, if any; `undefined` for any other
 * path: there is one way to write each, so that nothing can be reached by another.
 */
export function parseChunkPath(path: string, suffix: string): NamedChunk | undefined {
  const chunk = parseChunkName(path.slice(ID_AT), suffix);
  return chunk !== undefined && path === `/${chunkPath(chunk.id, chunk.form, suffix)}` ? chunk : undefined;
}
