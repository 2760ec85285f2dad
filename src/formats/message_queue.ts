/** Bytes that arrive in pieces of any size, and are taken out as messages that say in their headers how long they are. */
import { viewOf } from "../core/bytes.ts";

/** Gathers each message in a buffer of its own: it goes on to other threads, while the next one arrives. */
export class MessageQueue {
  readonly #sizeOf: (header: DataView) => number;
  readonly #header: Uint8Array<ArrayBuffer>;
  /** The message that is being gathered, once its header is there. */
  #message: Uint8Array<ArrayBuffer> | undefined;
  /** Bytes of it, or of its header, that are there. */
  #filled = 0;
  /** What came and is not in the message yet, from `#at` of the first piece. */
  #pieces: Uint8Array[] = [];
  #at = 0;
  #waiting = 0;

  /** `sizeOf` gives the bytes of a message, with its header, or throws. So much is allocated then: it has to be bounded. */
  constructor(headerBytes: number, sizeOf: (header: DataView) => number) {
    this.#header = new Uint8Array(headerBytes);
    this.#sizeOf = sizeOf;
  }

  /** Bytes that have come but are in no whole message yet. */
  get pending(): number {
    return this.#filled + this.#waiting;
  }

  /** Takes the next piece. It must not be changed before {@linkcode next} returns `null`. */
  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#waiting += piece.length;
  }

  /** The next message, `null` when more bytes are needed: then nothing refers to the pieces any more. */
  next(): Uint8Array<ArrayBuffer> | null {
    if (this.#message === undefined) {
      if (!this.#fill(this.#header)) return null;
      this.#message = new Uint8Array(this.#sizeOf(viewOf(this.#header)));
      this.#message.set(this.#header);
    }
    const message = this.#message;
    if (!this.#fill(message)) return null;
    this.#message = undefined;
    this.#filled = 0;
    return message;
  }

  /** Whether the target is full. */
  #fill(target: Uint8Array): boolean {
    while (this.#filled < target.length) {
      const piece = this.#pieces[0];
      if (piece === undefined) return false;
      const part = piece.subarray(this.#at, this.#at + target.length - this.#filled);
      target.set(part, this.#filled);
      this.#filled += part.length;
      this.#waiting -= part.length;
      this.#at += part.length;
      if (this.#at === piece.length) {
        this.#pieces.shift();
        this.#at = 0;
      }
    }
    return true;
  }
}
