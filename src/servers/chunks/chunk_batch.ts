/** Several chunks in one answer, for browsers: they take milliseconds of computing for a request. */
import { type ChunkId, isChunkId, type StoredForm } from "../../core/chunk.ts";
import { BATCH_BYTES, MOST_IN_BATCH } from "../../core/chunk_batch.ts";
import { isInvalid } from "../../codec/open_chunk.ts";
import { concat } from "../../core/bytes.ts";
import { encodeMessage, MAX_MESSAGE_BYTES } from "../../formats/protocol.ts";
import type { ServerRequest, ServerResponse } from "../handler.ts";
import type { BodyMemory } from "../request_body.ts";
import { plainAnswer } from "../statuses.ts";
import type { ServedChunks } from "./served_chunks.ts";

/** Bytes of an id and the end of its line. */
const LINE_BYTES = 66;
/** Chunks that are read at a time. */
const AT_A_TIME = 8;
/** A CHUNK message besides its chunk. */
const OVERHEAD = 1024;

/**
 * Answers a request for several chunks: as many as fit, at least one. What is too large for a message, or damaged in the store,
 * is omitted as well: a request for it alone says why.
 */
export async function answerBatch(
  chunks: ServedChunks,
  request: ServerRequest,
  memory: BodyMemory,
  form: StoredForm,
): Promise<ServerResponse> {
  const pieces: Uint8Array[] = [];
  const limit = MOST_IN_BATCH * LINE_BYTES;
  const ids = await memory.withBody(
    request,
    { limit, take: (piece) => pieces.push(piece.slice()) },
    () => Promise.resolve(parseIds(new TextDecoder().decode(concat(pieces)))),
  );
  if (ids === undefined) {
    return plainAnswer(400, `the body is not ids of chunks, one a line, at most ${MOST_IN_BATCH}`);
  }
  const messages: Uint8Array[] = [];
  let bytes = 0;
  for (let at = 0; at < ids.length && bytes < BATCH_BYTES; at += AT_A_TIME) {
    const some = ids.slice(at, at + AT_A_TIME);
    const { signal } = request;
    const contents = await Promise.all(some.map((id) => unlessInvalid(chunks.get(id, form, { signal }))));
    for (const [i, id] of some.entries()) {
      const content = contents[i];
      if (content === undefined) continue;
      if (content !== null && content.bytes.length + OVERHEAD > MAX_MESSAGE_BYTES) continue;
      if (bytes >= BATCH_BYTES) break;
      const message = content === null
        ? encodeMessage({ type: "missing", id })
        : encodeMessage({ type: "chunk", id, compressed: form === "compressed", bytes: content.bytes });
      messages.push(message);
      bytes += message.length;
    }
  }
  const headers = { "content-type": "application/octet-stream", "cache-control": "no-store" };
  return { status: 200, headers, body: concat(messages) };
}

/** `undefined` for a chunk that is not what its id says. */
async function unlessInvalid<T>(content: Promise<T>): Promise<T | undefined> {
  try {
    return await content;
  } catch (error) {
    if (!isInvalid(error)) throw error;
    return undefined;
  }
}

function parseIds(text: string): ChunkId[] | undefined {
  const ids = text.split("\n").map((line) => line.replace(/\r$/, ""));
  if (ids.at(-1) === "") ids.pop();
  return ids.length > 0 && ids.length <= MOST_IN_BATCH && ids.every(isChunkId) ? ids : undefined;
}
