/**
 * Keeps out of messages the passwords and queries of locations, wherever on the command line they were typed, and those of
 * the configuration.
 */
import { oneLine } from "../../core/foreign_text.ts";
import { SCHEMES } from "../../deno/schemes.ts";
import { redactText } from "../../stores/redact.ts";

/** What must not be seen, in each form that a message may have it, the longest first, and what is printed instead. */
let secrets: readonly (readonly [secret: string, instead: string])[] = [];

/** The options whose values are secret as a whole. */
const SECRET_OPTIONS: readonly string[] = ["--authorization", "--encryption-key"];

/** From now on nothing secret in these words is printed. */
export function hideSecretsOf(words: readonly string[]): void {
  secrets = [];
  hide([...words.flatMap(secretsOf), ...secretValues(words)]);
}

/** Nor these texts, which were not typed. */
export function hideSecrets(texts: readonly string[]): void {
  hide(texts.filter((text) => text.length >= SHORTEST_PART).map((text) => [text, "…"] as const));
}

function hide(found: readonly (readonly [secret: string, instead: string])[]): void {
  const forms = found.flatMap(([secret, instead]) => formsOf(secret).map((form) => [form, instead] as const));
  // Once each: a server reads them again whenever it is told to.
  const all = new Map(secrets);
  for (const [form, instead] of forms) if (!all.has(form)) all.set(form, instead);
  secrets = [...all].sort(([a], [b]) => b.length - a.length);
}

/** A message without them, and without those of any other location. */
export function withoutTypedSecrets(text: string): string {
  let clean = text;
  for (const [secret, instead] of secrets) clean = clean.replaceAll(secret, instead);
  return redactText(SCHEMES, clean);
}

/**
 * What stands before users and hosts: `scheme://`, also behind an option's name; what a browser takes for it; and nothing,
 * in `user:password@host`, which those may type who know casync; and a scheme whose colon was forgotten.
 */
const STARTS = [
  /[a-z][a-z0-9+.-]{0,30}:\/\//i,
  /https?:[\\/]*/i,
  /^(?:-[a-z]|--?)?(?:[^=]*=)?(?:[a-z][a-z0-9+.-]{0,30}(?=[\\/]{2}))?[\\/]*(?=[^:@\\/]+:(?![\\/])[^@]*@)/i,
];

/** Parts of lists and groups that are shorter are not looked for by themselves: they may be anywhere. */
const SHORTEST_PART = 4;

function secretValues(words: readonly string[]): (readonly [secret: string, instead: string])[] {
  const values = words.flatMap((word, i) => {
    if (SECRET_OPTIONS.includes(word)) return words.slice(i + 1, i + 2);
    const option = SECRET_OPTIONS.find((option) => word.startsWith(`${option}=`));
    return option === undefined ? [] : [word.slice(option.length + 1)];
  });
  return values.filter((value) => value.length >= SHORTEST_PART).map((value) => [value, "…"] as const);
}

function secretsOf(word: string): (readonly [secret: string, instead: string])[] {
  const start = STARTS.map((pattern) => pattern.exec(word)).find((match) => match !== null);
  if (start === undefined) return [];
  const rest = word.slice(start.index + start[0].length);
  // In what is not a URL the password may have any character.
  const userinfo = URL.canParse(`http://${rest}`) ? /^[^\\/?#]*@/ : /^.*@/s;
  const [user] = userinfo.exec(rest) ?? [""];
  const [query] = /[?#].*/s.exec(rest.slice(user.length)) ?? [""];
  const [password] = /:.*/s.exec(user) ?? [""];
  const parts = [user, query].flatMap((secret) => secret.split(/[,|]/));
  const found: [string, string][] = [[query, ""], [password, ":…@"]];
  // As whom to go to a host by ssh is no secret; the user of a web server may be a token.
  if (password !== "" || !showsUsers(start[0])) {
    found.push([user, ""], ...parts.map((part): [string, string] => [part, ""]));
  }
  return found.filter(([secret]) => secret.length >= SHORTEST_PART || [user, password].includes(secret))
    .filter(([secret]) => secret !== "");
}

/** Whether users are printed in locations of the scheme at the end of a word, behind an option's letter perhaps: `-sssh://`. */
function showsUsers(word: string): boolean {
  const start = word.toLowerCase();
  return SCHEMES.some(({ names, redact }) =>
    names.some((name) => start.endsWith(`${name}://`) && redact(`${name}://user@host/`).includes("user"))
  );
}

/** As it was typed, on one line as in all messages, and as a text in quotes. */
function formsOf(secret: string): string[] {
  const line = oneLine(secret);
  return [...new Set([secret, line].flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]))];
}
