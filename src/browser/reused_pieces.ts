/**
 * Reads the bodies of answers into memory that is used again. What a browser makes for each piece is only freed when it
 * collects garbage, which it does late: it counts little of that memory.
 */
import { PIECE_BYTES } from "../core/bytes.ts";
import { takePieces } from "../stores/http/http_body.ts";
import type { IdleWatch } from "../stores/http/idle_watch.ts";

/** What no answer uses now. There are no more than answers at a time. */
const unused: ArrayBuffer[] = [];

/** Passes the body to `take`, piece by piece as it comes. A piece holds until `take` returns. */
export async function takeReusedPieces(
  response: Response,
  watch: IdleWatch,
  take: (piece: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const reader = readerInto(response);
  if (reader === undefined) return await takePieces(response, watch, take);
  let buffer = unused.pop() ?? new ArrayBuffer(PIECE_BYTES);
  try {
    while (true) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      // It has moved, and is moved back.
      if (value !== undefined) buffer = value.buffer;
      if (done) break;
      watch.received(value.length);
      take(value);
    }
    unused.push(buffer);
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error;
  }
}

/** `undefined` where there is no body, or a browser that cannot do that. */
function readerInto({ body }: Response): ReadableStreamBYOBReader | undefined {
  try {
    return body?.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
