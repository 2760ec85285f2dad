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
export function parseBatch(bytes: Uint8Array, redacted: string): BatchAnswers {
  const parser = new BatchParser(redacted);
  parser.push(bytes);
  return parser.end();
}

/** What is said about each chunk. */
type BatchAnswers = ReadonlyMap<ChunkId, StoredChunk | null>;

/** The same for an answer that comes in pieces. The chunks have memory of their own. */
export class BatchParser {
  readonly #redacted: string;
  readonly #answers = new Map<ChunkId, StoredChunk | null>();
  readonly #decoder = new MessageDecoder();

  constructor(redacted: string) {
    this.#redacted = redacted;
  }

  /** Takes the next piece, which may be used for something else then. Throws as {@linkcode parseBatch} does, and `protocol`. */
  push(piece: Uint8Array): void {
    this.#decoder.push(piece);
    for (let message = this.#decoder.next(); message !== null; message = this.#decoder.next()) {
      if (message.type === "missing") this.#answers.set(message.id, null);
      else if (message.type === "chunk") {
        const form = message.compressed ? "compressed" : "plain";
        this.#answers.set(message.id, { form, bytes: message.bytes });
      } else throw wrong(this.#redacted);
    }
  }

  /** All of them, when there are no more pieces. */
  end(): BatchAnswers {
    if (this.#decoder.pending > 0) throw wrong(this.#redacted);
    return this.#answers;
  }
}

function wrong(redacted: string): DesyncError {
  const reason = "the answer is not chunks";
  return new DesyncError("store", { action: "read", subject: redacted, reason, retriable: true });
}
