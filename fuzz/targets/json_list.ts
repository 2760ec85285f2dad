/** Lists of files in JSON, read entry by entry. */
import { JsonListReader } from "../../src/cli/inputs/json_list.ts";
import { assertSame } from "../same.ts";
import { inPieces, type Target, words } from "../target.ts";

/** Larger entries are refused. */
const MOST_CHARACTERS = 60_000;

function read(pieces: readonly string[]): unknown[] | undefined {
  const entries: unknown[] = [];
  const reader = new JsonListReader((entry) => entries.push(entry));
  try {
    for (const piece of pieces) reader.push(piece);
    reader.finish();
    return entries;
  } catch (error) {
    // Whoever calls it says which file it is.
    if (error instanceof Error && error.constructor === Error) return undefined;
    throw error;
  }
}

function readAtOnce(text: string): unknown[] | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return Array.isArray(value) ? value : value === null ? [] : undefined;
  } catch {
    return undefined;
  }
}

export const jsonList: Target = {
  name: "json_list",
  codes: [],
  words: words("[", "]", "{", "}", ",", '"', "\\\\", '\\"', "null", "true", "1e5", " ", "\n", ":"),
  seeds: () => words('[{"a":"x","b":[1,2]},{"a":"y\\\\","b":null}]', "null", ' [ "a,b" , {} ] ', "[]"),
  check(input) {
    const decoder = new TextDecoder();
    const pieces = inPieces(input).map((piece) => decoder.decode(piece, { stream: true }));
    pieces.push(decoder.decode());
    const text = pieces.join("");
    const whole = read([text]);
    assertSame(read(pieces), whole);
    if (text.length < MOST_CHARACTERS) assertSame(whole, readAtOnce(text));
    return whole === undefined ? "none" : `${Math.min(whole.length, 3)}`;
  },
};
