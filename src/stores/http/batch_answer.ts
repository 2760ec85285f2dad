/** What a request for many chunks sends, and what is in its answer: `desync chunk-server` answers them. */
import { BATCH_BYTES } from "../../core/chunk_batch.ts";
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { DesyncError } from "../../core/errors.ts";
import { MAX_MESSAGE_BYTES, MessageDecoder } from "../../formats/protocol.ts";

/** Bytes in an answer at most. */
export const LARGEST_ANSWER: number = BATCH_BYTES + MAX_MESSAGE_BYTES;

/** The request's body. */
export function batchBody(ids: readonly ChunkId[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${ids.join("\n")}\n`);
}

/**
 * What the server has of the chunks, `null` for those that it has not. Others may be omitted, and have to be requested again.
 * Nothing is verified. Throws `store` for what is no such answer, with `redacted` as its place.
 */
export function parseBatch(
  bytes: Uint8Array<ArrayBuffer>,
  redacted: string,
): Map<ChunkId, StoredChunk | null> {
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
