/** One careful PUT over fetch. */
import type { HttpOptions } from "./http_client.ts";
import { requestError } from "./http_errors.ts";
import { refusal } from "./http_refusal.ts";
import type { HttpTarget } from "./http_secrets.ts";
import { IdleWatch } from "./idle_watch.ts";

/** How slow an upload may be, as fetch does not show how far it is. Low enough for many at a time over a slow link. */
export const SLOWEST_UPLOAD_BYTES_PER_MS = 1;

/** With any other, what was sent is not there. */
const STORED = [200, 201, 204];

/**
 * Puts the bytes at `url`. Throws `store` or `timeout`; `retriable` is set where another try may help. Redirects are for
 * `options.fetch` to follow: without one, they are an error, as some would make it a request to read.
 *
 * @param redacted what the URL is called in messages
 */
export async function httpPut(
  url: URL,
  redacted: string,
  bytes: Uint8Array,
  options: HttpOptions,
  signal?: AbortSignal,
): Promise<void> {
  const target: HttpTarget = { url, redacted, headers: options.headers, action: "write" };
  const watch = new IdleWatch(options.idleTimeoutMs, signal);
  try {
    watch.touch(bytes.length / SLOWEST_UPLOAD_BYTES_PER_MS);
    const response = await (options.fetch ?? fetch)(url, {
      method: "PUT",
      body: asBody(bytes),
      headers: { "content-type": "application/octet-stream", ...options.headers },
      redirect: "error",
      signal: watch.signal,
    });
    if (!STORED.includes(response.status)) throw await refusal(response, target, watch);
    await response.body?.cancel();
  } catch (error) {
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
  }
}

/** The bytes as fetch takes them: not shared with other threads. */
export function asBody(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? bytes as Uint8Array<ArrayBuffer> : new Uint8Array(bytes);
}
