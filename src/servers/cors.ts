/** Pages of other origins that may use a server. Source: the Fetch standard, section 3.2 (CORS protocol). */
import type { Handler, ServerRequest, ServerResponse } from "./handler.ts";

/** Headers of answers that pages may read besides those that they always may. */
const EXPOSED = "accept-ranges, content-length, content-range, etag";
/** Headers of requests that pages may send. */
const ALLOWED = "authorization, content-type, if-match, if-none-match, if-range, range";
/** How long a browser need not ask again, in seconds. */
const MAX_AGE = "86400";

/**
 * The handler for pages of these origins (`https://example.com`), or of all (`*`). Put it outside authorization: browsers
 * ask without it whether they may send it.
 */
export function withCors(handler: Handler, origins: readonly string[]): Handler {
  const any = origins.includes("*");
  const allowed = new Set(origins);

  /** What is added to the answer. */
  const headersFor = (request: ServerRequest): Readonly<Record<string, string>> => {
    if (any) return ANY;
    const origin = request.header("origin");
    // Also when it is not allowed: caches must not give this answer to another origin.
    if (origin === undefined || !allowed.has(origin)) return OTHERS;
    return { ...OTHERS, "access-control-allow-origin": origin, "access-control-expose-headers": EXPOSED };
  };

  return (request) => {
    const added = headersFor(request);
    if (request.method === "OPTIONS" && request.header("access-control-request-method") !== undefined) {
      return preflightAnswer(added);
    }
    const answer = handler(request);
    return answer instanceof Promise
      ? answer.then((response) => joined(response, added))
      : joined(answer, added);
  };
}

const ANY = { "access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED };
const OTHERS = { "vary": "origin" };

function preflightAnswer(added: Readonly<Record<string, string>>): ServerResponse {
  if (added["access-control-allow-origin"] === undefined) return { status: 403, headers: added };
  return {
    status: 204,
    headers: {
      ...added,
      "access-control-allow-methods": "GET, HEAD, POST, PUT",
      "access-control-allow-headers": ALLOWED,
      "access-control-max-age": MAX_AGE,
    },
  };
}

function joined(response: ServerResponse, added: Readonly<Record<string, string>>): ServerResponse {
  return { ...response, headers: { ...response.headers, ...added } };
}
