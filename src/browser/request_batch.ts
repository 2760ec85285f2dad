/**
 * A web worker's request for many chunks. What is wrong with an answer is found out by the requests of the page, which have
 * the words for it: they are left out here, as every page loads this file.
 */
import type { ChunkId, StoredChunk } from "../core/chunk.ts";
import { batchBody, BatchParser, LARGEST_ANSWER } from "../stores/http/batch_answer.ts";
import { IdleWatch } from "../stores/http/idle_watch.ts";
import type { BatchRequest } from "../stores/store.ts";
import { takeReusedPieces } from "./reused_pieces.ts";

/** What the server has of the chunks, `null` for those that it has not; `undefined` when there is no such answer. */
export async function requestBatch(
  { url, redacted, headers, idleTimeoutMs }: BatchRequest,
  ids: readonly ChunkId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<ChunkId, StoredChunk | null> | undefined> {
  const watch = new IdleWatch(idleTimeoutMs, signal);
  try {
    const response = await fetch(url, {
      method: "POST",
      body: batchBody(ids),
      // Text may be sent to other origins without asking first.
      headers: { "content-type": "text/plain", ...headers },
      signal: watch.signal,
    });
    watch.touch();
    if (response.status === 200) {
      const parser = new BatchParser(redacted);
      let length = 0;
      await takeReusedPieces(response, watch, (piece) => {
        length += piece.length;
        if (length > LARGEST_ANSWER) throw new RangeError("more than was asked for");
        parser.push(piece);
      });
      return parser.end();
    }
    await response.body?.cancel();
  } catch {
    // As the comment above says.
  } finally {
    watch.stop();
  }
  return undefined;
}
