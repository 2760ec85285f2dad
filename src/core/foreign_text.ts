/**
 * Text that others made (names in archives, words of peers and servers), fit for a line of a message. What it may hold
 * besides: control characters, which move a terminal's cursor, and marks that turn the direction in which text is read.
 */

/** No more characters of others' words are shown. */
const MOST = 500;

/** What does something instead of being seen. Joiners stay, which names in some scripts, and emoji, have. */
const UNSEEN = /(?:(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}])+/gu;

/** The text with blanks in the place of what is not seen. */
export function withoutUnseen(text: string): string {
  return text.replaceAll(UNSEEN, " ");
}

/** The text, which may be of several lines, as one. What is not Unicode becomes U+FFFD. */
export function oneLine(text: string, between = " "): string {
  return withoutUnseen(text.trim().toWellFormed().replaceAll(/(?<!\s)\s*\n\s*/g, between)).trim();
}

/** Words of another program or machine on one line, cut. */
export function foreignText(text: string): string {
  // Cut first: patterns would take their time over what another made long.
  const short = text.length > MOST ? `${text.slice(0, MOST)}…` : text;
  return withoutUnseen(short).replaceAll(/ {2,}/g, " ").trim();
}

/** The same in quotation marks. */
export function quotedText(text: string): string {
  return JSON.stringify(foreignText(text));
}

/** The value as JSON, in which nothing is unseen: it is escaped. */
export function visibleJson(value: unknown, indent?: number): string {
  const escape = (unseen: string) =>
    Array.from(
      { length: unseen.length },
      (_, i) => `\\u${unseen.charCodeAt(i).toString(16).padStart(4, "0")}`,
    ).join("");
  return JSON.stringify(value, undefined, indent).replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escape);
}
