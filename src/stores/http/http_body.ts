/** Reads the bodies of answers: bounded in size and in silence. */
import type { AnswerBodyReader, HttpAnswer } from "./http_answer.ts";
import { abortable } from "../../core/abortable.ts";
import { concat } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import type { HttpPace } from "./http_pace.ts";
import type { IdleWatch } from "./idle_watch.ts";

/** Bodies up to this declared size are read at once: a third faster than piece by piece. */
const SMALL_BODY = 1024 * 1024;
/** Such a body shows no pieces on the way. Where all came much faster, one that is slower than this counts as silent. */
const SLOWEST_BYTES_PER_MS = 1;

/** All of the body. Throws {@linkcode TooLarge} when it has more than `limit` bytes. */
export async function readBody(
  response: HttpAnswer,
  redacted: string,
  limit: number,
  watch: IdleWatch,
  pace?: HttpPace,
): Promise<Uint8Array<ArrayBuffer>> {
  const announced = Number(response.headers.get("content-length") ?? "NaN");
  // Only of a basic answer are all headers visible: a page cannot see whether one from elsewhere was compressed.
  const asIs = response.type === "basic" && response.headers.get("content-encoding") === null;
  const start = performance.now();
  if (asIs && pace?.fast && announced <= Math.min(limit, SMALL_BODY)) {
    watch.touch(announced / SLOWEST_BYTES_PER_MS);
    const bytes = new Uint8Array(await abortable(() => response.arrayBuffer(), watch.signal));
    pace.saw(bytes.length, performance.now() - start);
    if (bytes.length > limit) throw new TooLarge(redacted, limit);
    return bytes;
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  await takePieces(response, watch, (piece) => {
    length += piece.length;
    if (length > limit) throw new TooLarge(redacted, limit);
    pieces.push(piece);
  });
  pace?.saw(length, performance.now() - start);
  const only = pieces[0];
  if (
    pieces.length === 1 && only.byteLength === only.buffer.byteLength && only.buffer instanceof ArrayBuffer
  ) {
    return only as Uint8Array<ArrayBuffer>;
  }
  return concat(pieces);
}

/** Passes the body to `take`, piece by piece as it comes. */
export async function takePieces(
  response: HttpAnswer,
  watch: IdleWatch,
  take: (piece: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  // With a reader of its own, which is faster than `for await`.
  const reader = response.body?.getReader();
  try {
    while (reader !== undefined) {
      const piece = await nextPiece(reader, watch);
      if (piece === undefined) return;
      watch.received(piece.length);
      take(piece);
    }
  } catch (error) {
    await reader?.cancel().catch(() => {});
    throw error;
  }
}

/**
 * The next piece, `undefined` at the end. Throws when the watch gives up: fetch in Deno forgets its signal when the request is
 * collected as garbage, which its body outlives.
 */
export async function nextPiece(
  reader: AnswerBodyReader,
  watch: IdleWatch,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return (await abortable(() => reader.read(), watch.signal)).value;
}

/** The error for a body of more bytes than what was asked for can have. */
export class TooLarge extends DesyncError {
  constructor(redacted: string, limit: number) {
    super("store", { action: "read", subject: redacted, reason: `larger than the limit of ${limit} bytes` });
  }
}

/** What is larger than any chunk is not one. Throws the error itself, or `invalid-chunk` for it. */
export function refuseTooLarge(error: unknown): never {
  if (error instanceof TooLarge) {
    throw new DesyncError("invalid-chunk", { reason: error.reason, cause: error });
  }
  throw error;
}
