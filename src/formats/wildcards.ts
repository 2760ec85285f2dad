/**
 * Patterns with stars. Regular expressions would do, but go back for each star, and take minutes for what a stranger
 * wrote: this takes at most as many steps as text and pattern multiplied.
 */

/** One place of a pattern: characters of any number, or one of certain characters. */
export type Place = "star" | ((character: string) => boolean);

/** Any character. */
export const ANY: Place = () => true;

/** This one character. */
export function only(character: string): Place {
  return (other) => other === character;
}

/** The places of a pattern that has `*` and `?` and nothing else. */
export function starsAndMarks(pattern: string): Place[] {
  return Array.from(
    pattern,
    (character) => character === "*" ? "star" : character === "?" ? ANY : only(character),
  );
}

/** Whether the whole text fits. A star takes no `separator`, where there is one. */
export function fits(places: readonly Place[], text: ArrayLike<string>, separator?: string): boolean {
  let [at, place] = [0, 0];
  // Where to go on when what follows the last star does not fit: it takes one character more then.
  let [star, starAt] = [-1, 0];
  while (at < text.length) {
    const next = places[place];
    if (next === "star") {
      star = place++;
      starAt = at;
    } else if (next !== undefined && next(text[at])) {
      place++;
      at++;
    } else if (star >= 0 && text[starAt] !== separator) {
      place = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (places[place] === "star") place++;
  return place === places.length;
}
