/** What a server says about a request that it refuses, in the body of its answer. */
import { concat } from "../../core/bytes.ts";
import type { HttpAnswer } from "./http_answer.ts";
import { nextPiece } from "./http_body.ts";
import { type StatusError, statusError } from "./http_errors.ts";
import type { HttpTarget } from "./http_secrets.ts";
import type { IdleWatch } from "./idle_watch.ts";

/** Longer bodies are pages for people. */
const MOST_BYTES = 400;
/** How long an error waits for its words, in milliseconds. */
const PATIENCE_MS = 1000;

/** The error for a status that gives no body, with what the server says about it in a line of plain text. */
export async function refusal(
  response: HttpAnswer,
  target: HttpTarget,
  watch: IdleWatch,
): Promise<StatusError> {
  const isText = /^text\/plain\b/i.test(response.headers.get("content-type") ?? "");
  const said = isText ? await textOf(response, watch).catch(() => "") : "";
  // It is not read any further.
  await response.body?.cancel().catch(() => {});
  return statusError(response, target, said);
}

/** The whole of a short text, else nothing: what is cut may end in a part of a secret. */
async function textOf(response: HttpAnswer, watch: IdleWatch): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  let isWhole = true;
  const stop = () => {
    isWhole = false;
    return reader.cancel().catch(() => {});
  };
  const timer = setTimeout(stop, PATIENCE_MS);
  try {
    const pieces: Uint8Array[] = [];
    let length = 0;
    for (let piece; (piece = await nextPiece(reader, watch)) !== undefined;) {
      length += piece.length;
      if (length > MOST_BYTES) await stop();
      else pieces.push(piece);
    }
    return isWhole ? new TextDecoder().decode(concat(pieces)) : "";
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
}
