/** Values of options that are texts, or lists of them. */
import { DesyncError } from "../../core/errors.ts";

/** The text as it is. */
export function text(text: string): string {
  return text;
}

/** The same for what cannot be empty. */
export function someText(text: string): string {
  if (text === "") throw new DesyncError("usage", { reason: "it is empty" });
  return text;
}

/** The values of casync's switches. */
export function yesOrNoText(text: string): boolean {
  if (/^(yes|y|true|t|on|1)$/i.test(text)) return true;
  if (/^(no|n|false|f|off|0)$/i.test(text)) return false;
  throw new DesyncError("usage", { reason: "it is neither yes nor no" });
}

/** The one value of an option that is repeated for each. */
export function one(text: string): string[] {
  return [someText(text)];
}

/** A part of a list: quoted, with quotes in it doubled, or without commas. */
const LIST_PART = /"((?:[^"]|"")*)"(?=,|$)|([^,]*)/y;

/** Several values with commas between, as desync's options take them. */
export function commaList(text: string): string[] {
  const values: string[] = [];
  // Nothing is none at all, as in scripts whose variable is not set.
  if (text === "") return values;
  LIST_PART.lastIndex = 0;
  do {
    const [, quoted, plain] = LIST_PART.exec(text)!;
    values.push(someText(quoted?.replaceAll('""', '"') ?? plain));
  } while (text[LIST_PART.lastIndex++] === ",");
  return values;
}
