/** What a URL says, without its secrets. */
import { DesyncError } from "../../core/errors.ts";
import { parseUrl, percentDecoded } from "../url.ts";

/** A URL that may carry a user's name and password, split into what is requested and what is displayed. */
export interface HttpLocation {
  /** The URL without user and password: fetch refuses those. */
  readonly url: URL;
  /** The same without its query, which may hold a signature: fit for messages. */
  readonly redacted: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Splits an http(s) URL. Throws `usage` for an invalid one. */
export function parseHttpLocation(text: string): HttpLocation {
  const url = parseUrl(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new DesyncError("usage", {
      action: "use",
      subject: `${url.protocol}//${url.host}`,
      reason: "it is not an http or https URL",
    });
  }
  const headers: Record<string, string> = {};
  if (url.username !== "" || url.password !== "") {
    headers.authorization = basicAuthorization(percentDecoded(url.username), percentDecoded(url.password));
  }
  url.username = "";
  url.password = "";
  url.hash = "";
  const redacted = new URL(url);
  redacted.search = "";
  return { url, redacted: redacted.href, headers };
}

/** The value of the Authorization header for a user with a password. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;
}
