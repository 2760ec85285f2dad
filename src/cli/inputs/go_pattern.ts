/**
 * Patterns for paths as Go's path.Match and filepath.Match read them: `*` and `?` for all but separators, `[…]` for sets,
 * and `\\` before a character that means itself; paths of Windows have no such escapes.
 *
 * Source: Go's documentation of path.Match.
 */
import { literal, matchesTokens, type Token } from "../../formats/wildcards.ts";

/** Whether the pattern is the whole path's. A malformed one is no path's. */
export function goMatches(pattern: string, path: string, separator: "/" | "\\"): boolean {
  const tokens = parse(Array.from(pattern), separator);
  return tokens !== undefined && matchesTokens(tokens, Array.from(path), separator);
}

/** Whether it is a pattern at all. */
export function isGoPattern(pattern: string, separator: "/" | "\\"): boolean {
  return parse(Array.from(pattern), separator) !== undefined;
}

/** A pattern for this text alone: sets hold what would have a meaning, as Windows has no other escapes. */
export function escapeGoPattern(text: string, separator: "/" | "\\"): string {
  return separator === "/" ? text.replaceAll(/[[*?\\]/g, "\\$&") : text.replaceAll(/[[*?]/g, "[$&]");
}

/** `undefined` when it is malformed. */
function parse(pattern: readonly string[], separator: "/" | "\\"): Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length;) {
    const character = pattern[at];
    if (character === "*") tokens.push("star");
    else if (character === "?") tokens.push((other) => other !== separator);
    else if (character === "[") {
      const set = parseSet(pattern, at + 1, separator);
      if (set === undefined) return undefined;
      tokens.push(set.token);
      at = set.end;
      continue;
    } else {
      if (character === "\\" && separator === "/") at++;
      if (at === pattern.length) return undefined;
      tokens.push(literal(pattern[at]));
    }
    at++;
  }
  return tokens;
}

/** The set whose bracket was opened before `at`. */
function parseSet(
  pattern: readonly string[],
  at: number,
  separator: "/" | "\\",
): { token: Token; end: number } | undefined {
  const negated = pattern[at] === "^";
  if (negated) at++;
  const ranges: [low: string, high: string][] = [];
  const member = () => {
    if (pattern[at] === "-" || pattern[at] === "]") return undefined;
    if (pattern[at] === "\\" && separator === "/") at++;
    return pattern[at++];
  };
  do {
    const low = member();
    const isRange = pattern[at] === "-";
    if (isRange) at++;
    const high = isRange ? member() : low;
    if (low === undefined || high === undefined) return undefined;
    ranges.push([low, high]);
  } while (pattern[at] !== "]");
  const token: Token = (one) => ranges.some(([low, high]) => within(one, low, high)) !== negated;
  return { token, end: at + 1 };
}

function within(character: string, low: string, high: string): boolean {
  const code = character.codePointAt(0)!;
  return low.codePointAt(0)! <= code && code <= high.codePointAt(0)!;
}
