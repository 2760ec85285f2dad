/** Only clients that send the right header may use a server. Source: RFC 9110, section 11.6. */
import { DesyncError } from "../core/errors.ts";
import type { Handler } from "./handler.ts";
import { plainAnswer } from "./statuses.ts";

/**
 * The handler for requests whose `Authorization` header is exactly `expected`; all others get 401 before anything else is
 * looked at. Throws `usage` when nothing is expected.
 */
export function requireAuthorization(handler: Handler, expected: string): Handler {
  if (expected === "") {
    throw new DesyncError("usage", { problem: "Missing", subject: "authorization", reason: "it is empty" });
  }
  const refusal = plainAnswer(401, "unauthorized", { "www-authenticate": challengeFor(expected) });
  return (request) => isSame(request.header("authorization") ?? "", expected) ? handler(request) : refusal;
}

/** Compares in a time that depends on the expected text alone, so that none of it can be found out by trying. */
function isSame(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  // Beyond the end there is NaN, which counts as 0 here.
  for (let i = 0; i < expected.length; i++) difference |= given.charCodeAt(i) ^ expected.charCodeAt(i);
  return difference === 0;
}

/** What a client is asked for: the scheme that the expected header has. */
function challengeFor(expected: string): string {
  const scheme = /^([A-Za-z][A-Za-z0-9-]*) /.exec(expected)?.[1] ?? "Bearer";
  return `${scheme} realm="desync"`;
}
