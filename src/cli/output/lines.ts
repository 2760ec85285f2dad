/** Many short lines for standard output, written together. */
import { print } from "./output.ts";

const GROUP_CHARACTERS = 64 * 1024;

/** Collects text and writes it when there is enough, and at its end. */
export class LineBuffer implements Disposable {
  #text = "";

  /** Adds text, usually a line. Throws `OutputClosed` when the reader is gone. */
  readonly add = (text: string): void => {
    this.#text += text;
    if (this.#text.length >= GROUP_CHARACTERS) this.#flush();
  };

  /** Writes what is left, also when an error ended the work: it is what was found before. */
  [Symbol.dispose](): void {
    this.#flush();
  }

  #flush(): void {
    const text = this.#text;
    this.#text = "";
    if (text !== "") print(text);
  }
}
