/** Words of another program or machine, made fit for a message of one line. */

/** No more characters are shown. */
const MOST = 500;

/** The text on one line, cut, and without what would do things to a terminal. */
export function foreignText(text: string): string {
  // Cut first: patterns would take their time over what another made long.
  const short = text.length > MOST ? `${text.slice(0, MOST)}…` : text;
  return short.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ").replaceAll(/ {2,}/g, " ").trim();
}

/** The same in quotation marks. */
export function quotedText(text: string): string {
  return JSON.stringify(foreignText(text));
}
