/** Patterns for names, as fnmatch(3) has them with FNM_PERIOD in the C locale: `*`, `?`, `[…]` and `\`. */

/** One place of a pattern. */
type Token = "any" | "star" | ((character: string) => boolean);

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
    if (this.#broken || (name.startsWith(".") && !this.#dot)) return false;
    const tokens = this.#tokens;
    let [at, token] = [0, 0];
    // Where to go on when what follows the last star does not fit: it takes one character more then.
    let [starToken, starAt] = [-1, 0];
    while (at < name.length) {
      const next = token < tokens.length ? tokens[token] : undefined;
      if (next === "star") {
        starToken = token++;
        starAt = at;
      } else if (next === "any" || (next !== undefined && next(name[at]))) {
        token++;
        at++;
      } else if (starToken >= 0) {
        token = starToken + 1;
        at = ++starAt;
      } else return false;
    }
    while (tokens[token] === "star") token++;
    return token === tokens.length;
  }
}

function parse(pattern: string): { tokens: Token[]; broken: boolean } {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length;) {
    const character = pattern[at];
    if (character === "*") tokens.push("star");
    else if (character === "?") tokens.push("any");
    else if (character === "[") {
      const set = parseSet(pattern, at);
      if (set !== undefined) {
        tokens.push(set.test);
        at = set.end;
        continue;
      }
      tokens.push((c) => c === "[");
    } else if (character === "\\") {
      if (++at === pattern.length) return { tokens, broken: true };
      const escaped = pattern[at];
      tokens.push((c) => c === escaped);
    } else tokens.push((c) => c === character);
    at++;
  }
  return { tokens, broken: false };
}

/** The set that begins at `start`, `undefined` when the bracket is never closed: then it is a character like others. */
function parseSet(
  pattern: string,
  start: number,
): { test: (character: string) => boolean; end: number } | undefined {
  let at = start + 1;
  const negated = pattern[at] === "!" || pattern[at] === "^";
  if (negated) at++;
  const tests: ((c: string) => boolean)[] = [];
  const first = at;
  while (at < pattern.length) {
    if (pattern[at] === "]" && at > first) {
      return { test: (c) => tests.some((test) => test(c)) !== negated, end: at + 1 };
    }
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 16));
    if (named !== null && Object.hasOwn(CLASSES, named[1])) {
      const members = CLASSES[named[1]];
      tests.push((c) => members.test(c));
      at += named[0].length;
      continue;
    }
    if (pattern[at] === "\\" && at + 1 < pattern.length) at++;
    const low = pattern[at++];
    let high = low;
    if (pattern[at] === "-" && at + 1 < pattern.length && pattern[at + 1] !== "]") {
      at++;
      if (pattern[at] === "\\" && at + 1 < pattern.length) at++;
      high = pattern[at++];
    }
    tests.push((c) => c >= low && c <= high);
  }
  return undefined;
}
