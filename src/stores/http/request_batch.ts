/** One request for many chunks, to a server that answers it: `desync chunk-server` does. */
import { BATCH_BYTES } from "../../core/chunk_batch.ts";
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import { MAX_MESSAGE_BYTES, MessageDecoder } from "../../formats/protocol.ts";
import type { BatchRequest } from "../store.ts";
import { type Fetch, httpPost } from "./http_client.ts";

/**
 * What the server has of the chunks, `null` for those that it has not. Others may be omitted, and have to be requested again.
 * Nothing is verified. Throws `store` and `timeout`.
 */
export async function requestBatch(
  { url, redacted, headers, idleTimeoutMs }: BatchRequest,
  ids: readonly ChunkId[],
  fetch: Fetch | undefined,
  signal: AbortSignal,
): Promise<Map<ChunkId, StoredChunk | null>> {
  const body = new TextEncoder().encode(`${ids.join("\n")}\n`);
  const limit = BATCH_BYTES + MAX_MESSAGE_BYTES;
  const options = { headers, idleTimeoutMs, fetch };
  const bytes = await httpPost(new URL(url), redacted, body, limit, options, signal);
  const answers = new Map<ChunkId, StoredChunk | null>();
  const decoder = new MessageDecoder();
  decoder.push(bytes);
  for (let message = decoder.next(); message !== null; message = decoder.next()) {
    if (message.type === "missing") answers.set(message.id, null);
    else if (message.type === "chunk") {
      const form = message.compressed ? "compressed" : "plain";
      answers.set(message.id, { form, bytes: message.bytes });
    } else throw wrong(redacted);
  }
  if (decoder.pending > 0) throw wrong(redacted);
  return answers;
}

function wrong(redacted: string): DesyncError {
  const reason = "the answer is not chunks";
  return new DesyncError("store", { action: "read", subject: redacted, reason, retriable: true });
}
