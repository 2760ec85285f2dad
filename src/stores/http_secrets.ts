/** Keeps out of messages what must not be seen: signatures in queries, users' passwords and tokens. */
import { messageOf } from "../errors.ts";

/** What a request is made with, and what its URL is called in messages. */
export interface HttpTarget {
  readonly url: URL;
  readonly shown: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A URL without its user's name and password, and without its query, which may hold a signature. */
export function urlWithoutSecrets(text: string): string {
  // In one that cannot be parsed the password may have any character.
  const userinfo = URL.canParse(text) ? /^([^/]*\/\/)[^/?#]*@/ : /^([^/]*\/\/).*@/s;
  return text.replace(userinfo, "$1").replace(/[?#].*$/s, "");
}

/** The same for each URL in a text. Who goes to a host by ssh is no secret, and stays. */
export function urlsWithoutSecrets(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]{0,30}):\/\/(\S*)/gi, (_url, scheme: string, rest: string) => {
    const [user] = scheme.toLowerCase() === "ssh" ? /^[^@:/?#]+@/.exec(rest) ?? [""] : [""];
    return urlWithoutSecrets(`${scheme}://${rest.slice(user.length)}`).replace("//", () => `//${user}`);
  });
}

/** Shorter parts of a query are switches, and their letters are everywhere. */
const SHORTEST_SECRET = 4;
const HIDDEN = "…";

/** The text, which may come from anywhere, without what is secret in the request, and without the queries of URLs. */
export function withoutSecretsOf({ url, headers }: HttpTarget, text: string): string {
  let clean = text;
  for (const secret of [...queryParts(url), ...passwords(headers?.authorization ?? "")]) {
    clean = clean.replaceAll(secret, HIDDEN);
  }
  return urlsWithoutSecrets(clean);
}

/** The error without them, for those who ask for the cause. */
export function errorWithoutSecretsOf(target: HttpTarget, error: unknown): Error {
  const clean = new Error(withoutSecretsOf(target, messageOf(error)));
  if (!(error instanceof Error)) return clean;
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

/** A lone % stands for itself, as in other programs. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
