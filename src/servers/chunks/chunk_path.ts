/** The paths under which chunks are requested: exactly as a store on a web server has them. */
import { type ChunkId, chunkPath, COMPRESSED_SUFFIX, isChunkId, type StoredForm } from "../../core/chunk.ts";

/** A chunk in one form. */
export interface NamedChunk {
  readonly id: ChunkId;
  readonly form: StoredForm;
}

/** Bytes before the id in `/abcd/<id>`. */
const ID_AT = 6;

/**
 * The chunk at `/abcd/<id>.cacnk` or `/abcd/<id>`, `undefined` for any other path: there is one way to write each, so
 * that nothing can be reached by another.
 */
export function parseChunkPath(path: string): NamedChunk | undefined {
  const id = path.slice(ID_AT, ID_AT + 64);
  if (!isChunkId(id)) return undefined;
  const form = path.endsWith(COMPRESSED_SUFFIX) ? "compressed" : "plain";
  return path === `/${chunkPath(id, form)}` ? { id, form } : undefined;
}
