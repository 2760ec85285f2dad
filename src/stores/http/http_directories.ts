/** Directories on servers that do not make them for what is put there: WebDAV's MKCOL (RFC 4918, section 9.3). */
import type { HttpOptions } from "./http_client.ts";
import { requestError, StatusError } from "./http_errors.ts";
import type { HttpTarget } from "./http_secrets.ts";
import { IdleWatch } from "./idle_watch.ts";

/** What a server answers where a directory is missing; the latter is not WebDAV's word for it, but in use. */
const MISSING = [409, 404];
/** With 405 it is there, or the server makes none. */
const MADE = [201, 405];

/** Whether the error says that the server has no directory for what was put. */
export function lacksDirectory(error: unknown): boolean {
  return error instanceof StatusError && MISSING.includes(error.status);
}

/**
 * Makes the directory of `url` and, where that is missing too, `store`, which it is in. Returns whether the directory may be
 * there now. Throws `timeout`, `interrupted`, and `store` for a connection that fails.
 */
export async function makeDirectory(
  store: URL,
  url: URL,
  options: HttpOptions,
  signal?: AbortSignal,
): Promise<boolean> {
  const directory = new URL(".", url);
  const status = await makeCollection(directory, options, signal);
  if (!MISSING.includes(status)) return MADE.includes(status);
  if (directory.pathname === store.pathname) return false;
  if (!MADE.includes(await makeCollection(store, options, signal))) return false;
  return MADE.includes(await makeCollection(directory, options, signal));
}

async function makeCollection(url: URL, options: HttpOptions, signal?: AbortSignal): Promise<number> {
  const target: HttpTarget = {
    url,
    redacted: url.origin + url.pathname,
    headers: options.headers,
    action: "make",
  };
  const watch = new IdleWatch(options.idleTimeoutMs, signal);
  try {
    const init = {
      method: "MKCOL",
      headers: options.headers,
      redirect: "error",
      signal: watch.signal,
    } as const;
    const response = await (options.fetch ?? fetch)(url, init);
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    throw requestError(error, target, watch, signal);
  } finally {
    watch.stop();
  }
}
