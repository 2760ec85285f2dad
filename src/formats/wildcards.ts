/**
 * Patterns with stars. Regular expressions would do, but go back for each star, and take minutes for what a stranger
 * wrote: this takes at most as many steps as text and pattern multiplied.
 */

/** One item of a pattern: characters of any number, or one of certain characters. */
export type Token = "star" | ((character: string) => boolean);

/** Any character. */
export const ANY: Token = () => true;

/** This one character. */
export function literal(character: string): Token {
  return (other) => other === character;
}

/** The tokens of a pattern that has `*` and `?` and nothing else. */
export function parseWildcards(pattern: string): Token[] {
  return Array.from(
    pattern,
    (character) => character === "*" ? "star" : character === "?" ? ANY : literal(character),
  );
}

/** Whether the whole text fits. A star takes no `separator`, where there is one. */
export function matchesTokens(
  tokens: readonly Token[],
  text: ArrayLike<string>,
  separator?: string,
): boolean {
  let [at, token] = [0, 0];
  // Where to go on when what follows the last star does not fit: it takes one character more then.
  let [star, starAt] = [-1, 0];
  while (at < text.length) {
    const next = tokens[token];
    if (next === "star") {
      star = token++;
      starAt = at;
    } else if (next !== undefined && next(text[at])) {
      token++;
      at++;
    } else if (star >= 0 && text[starAt] !== separator) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token] === "star") token++;
  return token === tokens.length;
}
