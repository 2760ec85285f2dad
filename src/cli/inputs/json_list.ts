/** A JSON list, read entry by entry: one of millions takes no more memory than one of them. */
import { messageOf } from "../../core/errors.ts";

/** No entry is longer, in characters. */
const MAX_ENTRY = 64 * 1024;
/** Where entries may begin or end, and what hides that. */
const SPECIAL = /["\\{}[\],]/g;
const SPACE = /^[ \t\r\n]*$/;
/** What trim() takes off is more than JSON allows. */
const NULL = /^[ \t\r\n]*null[ \t\r\n]*$/;

/** Takes the text in pieces and hands each entry to `take`. Throws an `Error` that says why it is not a list. */
export class JsonListReader {
  readonly #take: (entry: unknown, i: number) => void;
  #state: "before" | "inside" | "after" = "before";
  /** The entry that has begun, or what comes before or after the list. */
  #text = "";
  #depth = 0;
  #inString = false;
  #escaped = false;
  #count = 0;

  constructor(take: (entry: unknown, i: number) => void) {
    this.#take = take;
  }

  push(piece: string): void {
    if (piece === "") return;
    let start = 0;
    let at = this.#escaped ? 1 : 0;
    this.#escaped = false;
    while (true) {
      SPECIAL.lastIndex = at;
      const found = SPECIAL.exec(piece);
      if (found === null) break;
      at = found.index + 1;
      if (found[0] === "\\") {
        this.#escaped = at === piece.length;
        at++;
      } else if (this.#divides(found[0])) {
        this.#text += piece.slice(start, found.index);
        start = at;
        this.#divide(found[0]);
      }
    }
    this.#text += piece.slice(start);
    if (this.#state !== "inside" && !SPACE.test(this.#text) && !"null".startsWith(this.#text.trim())) {
      throw new Error("it is not a JSON list");
    }
    if (this.#text.length > MAX_ENTRY) throw new Error("it is not a JSON list of short entries");
  }

  /** When all has come. `null` counts as an empty list. */
  finish(): void {
    if (this.#state === "before" && NULL.test(this.#text)) return;
    if (this.#state !== "after" || !SPACE.test(this.#text)) throw new Error("it is not a JSON list");
  }

  /** Whether the character stands between entries, or begins or ends the list. */
  #divides(character: string): boolean {
    if (this.#inString || (character === '"' && this.#state === "inside")) {
      if (character === '"') this.#inString = !this.#inString;
      return false;
    }
    if (this.#state !== "inside") return character === "[";
    if (character === "[" || character === "{") this.#depth++;
    else if (this.#depth === 0) return character === "," || character === "]";
    else if (character === "]" || character === "}") this.#depth--;
    return false;
  }

  #divide(character: string): void {
    const text = this.#text;
    this.#text = "";
    if (character === "[") {
      if (this.#state === "after" || !SPACE.test(text)) throw new Error("it is not a JSON list");
      this.#state = "inside";
      return;
    }
    if (character === "]") this.#state = "after";
    if (character === "]" && this.#count === 0 && SPACE.test(text)) return;
    let entry: unknown;
    try {
      entry = JSON.parse(text);
    } catch (error) {
      throw new Error(`entry ${this.#count}: ${messageOf(error).slice(0, 200)}`);
    }
    this.#take(entry, this.#count++);
  }
}
