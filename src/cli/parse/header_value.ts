/** Texts that users give for headers of HTTP. */

/** Printable ASCII, without blanks around it: what is valid everywhere, and cannot begin another header. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Whether a header can have this value. */
export function isHeaderValue(text: string): boolean {
  return VALUE.test(text);
}
