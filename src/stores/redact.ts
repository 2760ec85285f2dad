/** Keeps passwords and signatures of locations out of what is printed. */
import { isPath, parseLocation, schemeOf } from "./location.ts";
import type { Scheme } from "./scheme.ts";

/** The location, or the group of them, as it may be shown. */
export function redactLocation(schemes: readonly Scheme[], location: string): string {
  const members = parseLocation(location);
  // In a password the character is no separator.
  if (members.length === 1 || members.some((member) => isPath(member) && member.includes("@"))) {
    return redactMember(schemes, location);
  }
  let hasUrl = false;
  let hasQuery = false;
  const isUrl = (member: string) => !isPath(member) && schemeNamed(schemes, schemeOf(member)) !== undefined;
  return members.map((member) => {
    // What follows a URL may be a part of it, and what follows a query a part of that.
    const isPart = hasUrl && !isUrl(member);
    if (isPart && hasQuery) return HIDDEN;
    hasUrl ||= !isPath(member);
    hasQuery = hasUrl && /[?#]/.test(member);
    return isPart ? member.replace(/[?#].*$/s, "") : redactMember(schemes, member);
  }).join("|");
}

const HIDDEN = "…";

function redactMember(schemes: readonly Scheme[], location: string): string {
  const scheme = schemeNamed(schemes, schemeOf(location));
  return scheme === undefined ? urlWithoutSecrets(location) : scheme.redact(location);
}

function schemeNamed(schemes: readonly Scheme[], name: string): Scheme | undefined {
  return schemes.find(({ names }) => names.includes(name));
}

/** The same for each URL in a text. */
export function redactText(schemes: readonly Scheme[], text: string): string {
  return text.replaceAll(
    /[a-z][a-z0-9+.-]{0,30}:\/\/\S*/gi,
    (url) => isPath(url) ? urlWithoutSecrets(url) : redactLocation(schemes, url),
  );
}

/** A URL without its user's name and password, and without its query, which may hold a signature. */
export function urlWithoutSecrets(text: string): string {
  // In one that cannot be parsed the password may have any character.
  const userinfo = URL.canParse(text) ? /^([^/]*\/\/)[^/?#]*@/ : /^([^/]*\/\/).*@/s;
  return text.replace(userinfo, "$1").replace(/[?#].*$/s, "");
}

/** The same with the name of a user who has no password there: as whom to go to a host by ssh is no secret. */
export function urlWithUser(text: string): string {
  const at = text.indexOf("//") + 2;
  const [user] = /^[^@:/?#]+@/.exec(text.slice(at)) ?? [""];
  return urlWithoutSecrets(text.slice(0, at) + text.slice(at + user.length)).replace("//", () => `//${user}`);
}
