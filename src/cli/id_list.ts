/** Texts with ids, one a line. */
import { type ChunkId, isChunkId } from "../chunk.ts";
import { readWhole } from "../deno/read_whole.ts";
import { DesyncError } from "../errors.ts";

/** No text is longer: V8 has no strings beyond. */
export const MAX_LIST_BYTES = 2 ** 29 - 64;

/** The ids in a text file, one a line; empty lines do not count. */
export async function readIdList(path: string, signal?: AbortSignal): Promise<ChunkId[]> {
  const bytes = await readWhole(path, `the list of chunks ${path}`, MAX_LIST_BYTES, signal);
  const lines = new TextDecoder().decode(bytes).split("\n").map((line) => line.trim());
  return lines.flatMap((line, i) => {
    if (line === "") return [];
    if (isChunkId(line.toLowerCase())) return [line.toLowerCase()];
    throw new DesyncError(
      "invalid-id",
      `Cannot use the list of chunks ${path}: line ${i + 1} is no chunk id`,
    );
  });
}
