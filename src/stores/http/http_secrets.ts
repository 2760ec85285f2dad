/** Keeps out of messages what must not be seen: signatures in queries, users' passwords and tokens. */
import { messageOf } from "../../core/errors.ts";
import { oneLine } from "../../core/foreign_text.ts";
import { redactText } from "../redact.ts";
import { percentDecoded } from "../url.ts";

/** What a request is made with, and what its URL is called in messages. */
export interface HttpTarget {
  readonly url: URL;
  readonly redacted: string;
  /** What the request is for, as in messages. Default: `read`. */
  readonly action?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Shorter parts of a query are switches, and their letters are everywhere. */
const SHORTEST_SECRET = 4;
const HIDDEN = "…";

/** The text, which may come from anywhere, without what is secret in the request, and without the queries of URLs. */
export function withoutSecretsOf({ url, headers }: HttpTarget, text: string): string {
  let clean = text;
  const { authorization = "", cookie = "", "x-amz-security-token": token = "" } = headers ?? {};
  const secrets = [...queryParts(url), ...passwords(authorization), ...cookieParts(cookie), token];
  // What is on several lines may be on one in an error.
  const forms = secrets.flatMap((secret) => [secret, oneLine(secret)]);
  for (const secret of forms.filter((form) => form !== "")) {
    clean = clean.replaceAll(secret, HIDDEN);
  }
  return redactText([], clean);
}

/** The error without them, for those who ask for the cause. */
export function errorWithoutSecretsOf(target: HttpTarget, error: unknown): Error {
  const clean = new Error(withoutSecretsOf(target, messageOf(error)));
  if (!(error instanceof Error)) return clean;
  clean.name = error.name;
  if (error.stack !== undefined) clean.stack = withoutSecretsOf(target, error.stack);
  if (error.cause !== undefined) clean.cause = errorWithoutSecretsOf(target, error.cause);
  return clean;
}

function queryParts(url: URL): string[] {
  const parts = [url.search.slice(1), ...url.search.slice(1).split(/[&=]/), ...url.searchParams.values()];
  return longestFirst(parts.flatMap((part) => [part, percentDecoded(part)]), SHORTEST_SECRET);
}

function passwords(authorization: string): string[] {
  const value = authorization.replace(/^\S+\s+/, "");
  const parts = [authorization, value];
  if (/^basic\s/i.test(authorization)) {
    const user = basicUser(value);
    parts.push(user, user.slice(user.indexOf(":") + 1));
  }
  return longestFirst(parts, 1);
}

function cookieParts(cookie: string): string[] {
  const values = cookie.split(/;\s*/).map((pair) => pair.slice(pair.indexOf("=") + 1));
  return longestFirst([cookie, ...values], SHORTEST_SECRET);
}

function longestFirst(parts: string[], shortest: number): string[] {
  return parts.filter((part) => part.length >= shortest).sort((a, b) => b.length - a.length);
}

function basicUser(base64: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
  } catch {
    return "";
  }
}
