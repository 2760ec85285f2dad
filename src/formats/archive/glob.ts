/** Patterns for names, as fnmatch(3) has them with FNM_PERIOD in the C locale: `*`, `?`, `[…]` and `\`. */

import { ANY, literal, matchesTokens, type Token } from "../wildcards.ts";

/** The classes of POSIX that `[[:…:]]` can name, in ASCII. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9a-z]/i,
  alpha: /[a-z]/i,
  blank: /[ \t]/,
  // deno-lint-ignore no-control-regex
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t-\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9a-f]/i,
};

/** A pattern. Names and patterns are strings of one character a byte. */
export class Glob {
  readonly #tokens: readonly Token[];
  /** A pattern that ends in the middle of an escape matches nothing. */
  readonly #broken: boolean;
  /** Whether it begins with a dot itself. */
  readonly #dot: boolean;

  constructor(pattern: string) {
    const { tokens, broken } = parse(pattern);
    this.#tokens = tokens;
    this.#broken = broken;
    this.#dot = /^\\?\./.test(pattern);
  }

  /** Whether the whole name fits. Takes at most as many steps as name and pattern multiplied. */
  matches(name: string): boolean {
    return !this.#broken && (this.#dot || !name.startsWith(".")) && matchesTokens(this.#tokens, name);
  }
}

function parse(pattern: string): { tokens: Token[]; broken: boolean } {
  const tokens: Token[] = [];
  const ends = pattern.includes("[") ? findSetEnds(pattern) : undefined;
  for (let at = 0; at < pattern.length;) {
    const character = pattern[at];
    const set = character === "[" && ends !== undefined ? parseSet(pattern, at, ends) : undefined;
    if (set !== undefined) {
      tokens.push(set.token);
      at = set.end;
      continue;
    }
    if (character === "*") {
      // Several are as good as one.
      if (tokens.at(-1) !== "star") tokens.push("star");
    } else if (character === "?") tokens.push(ANY);
    else if (character === "\\") {
      if (++at === pattern.length) return { tokens, broken: true };
      tokens.push(literal(pattern[at]));
    } else tokens.push(literal(character));
    at++;
  }
  return { tokens, broken: false };
}

/** What a set has in one place. */
interface Member {
  /** Codes of the first and the last character. */
  readonly low: number;
  readonly high: number;
  /** Which of them, where not all. */
  readonly only?: RegExp;
  /** Where the next one begins. */
  readonly end: number;
}

function parseMember(pattern: string, start: number): Member {
  const named = /^\[:([a-z]+):\]/.exec(pattern.slice(start, start + 16));
  if (named !== null && Object.hasOwn(CLASSES, named[1])) {
    return { low: 0, high: 127, only: CLASSES[named[1]], end: start + named[0].length };
  }
  let at = start;
  const one = () => {
    if (pattern[at] === "\\" && at + 1 < pattern.length) at++;
    return pattern.charCodeAt(at++);
  };
  const low = one();
  const isRange = pattern[at] === "-" && at + 1 < pattern.length && pattern[at + 1] !== "]";
  if (!isRange) return { low, high: low, end: at };
  at++;
  return { low, high: one(), end: at };
}

/**
 * For each place, the end of the set that has a member there, 0 when that is never closed. Found from the end on: to look
 * for it from each bracket would take the square of the time.
 */
function findSetEnds(pattern: string): Uint32Array {
  const ends = new Uint32Array(pattern.length + 1);
  for (let at = pattern.length - 1; at >= 0; at--) {
    ends[at] = pattern[at] === "]" ? at + 1 : ends[parseMember(pattern, at).end];
  }
  return ends;
}

/** The set that begins at `start`, `undefined` when the bracket is never closed: then it is a character like others. */
function parseSet(
  pattern: string,
  start: number,
  ends: Uint32Array,
): { token: Token; end: number } | undefined {
  const negated = pattern[start + 1] === "!" || pattern[start + 1] === "^";
  const first = start + (negated ? 2 : 1);
  // The first one may be a closing bracket.
  const end = first < pattern.length ? ends[parseMember(pattern, first).end] : 0;
  if (end === 0) return undefined;
  const members = new Uint8Array(256);
  for (let at = first; at < end - 1;) {
    const { low, high, only, end: next } = parseMember(pattern, at);
    for (let code = low; code <= high; code++) {
      if (only === undefined || only.test(String.fromCharCode(code))) members[code] = 1;
    }
    at = next;
  }
  return { token: (character) => (members[character.charCodeAt(0)] === 1) !== negated, end };
}
