/** Texts with ids, one a line. */
import { type ChunkId, isChunkId } from "../../core/chunk.ts";
import { filePieces } from "../../deno/files/file_pieces.ts";
import { DesyncError } from "../../core/errors.ts";

/** No line is longer, in characters: what has none may be anything, and have no end. */
const MAX_LINE = 1000;

/** Hands the ids in a text file, one a line, to `add` as they are read; empty lines do not count. */
export async function readIdList(
  path: string,
  add: (id: ChunkId) => void,
  signal?: AbortSignal,
): Promise<void> {
  const decoder = new TextDecoder();
  let line = "";
  let number = 0;
  const take = (text: string) => {
    number++;
    const id = text.length > MAX_LINE ? text : text.trim().toLowerCase();
    if (id === "") return;
    if (!isChunkId(id)) {
      throw new DesyncError("invalid-id", {
        action: "use",
        subject: `the list of chunks ${path}`,
        reason: `line ${number} is not a chunk id`,
      });
    }
    add(id);
  };
  for await (const piece of filePieces(path, signal, `the list of chunks ${path}`)) {
    const lines = (line + decoder.decode(piece, { stream: true })).split("\n");
    line = lines.pop()!;
    lines.forEach(take);
    if (line.length > MAX_LINE) take(line);
  }
  take(line + decoder.decode());
}
