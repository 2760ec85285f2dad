/** Bytes that arrive in pieces of any size, and are taken out as messages that say in their headers how long they are. */
import { viewOf } from "../core/bytes.ts";

/** Memory for a message whose header has come: most chunks fit. */
const FIRST_BYTES = 64 * 1024;
/** What has filled its memory gets so many times as much. */
const GROWTH = 4;

/**
 * Gathers each message in a buffer of its own: it goes on to other threads, while the next one arrives. The buffer grows as
 * bytes come, whatever the header says, and is as large as the message in the end.
 */
export class MessageQueue {
  readonly #sizeOf: (header: DataView) => number;
  readonly #header: Uint8Array<ArrayBuffer>;
  /** The message that is being gathered, once its header is there: what there is memory for. */
  #message: Uint8Array<ArrayBuffer> | undefined;
  /** Its bytes in all. */
  #size = 0;
  /** Bytes of it, or of its header, that are there. */
  #filled = 0;
  /** What came and is not in the message yet, from `#at` of the first piece. */
  #pieces: Uint8Array[] = [];
  #at = 0;
  #waiting = 0;

  /** `sizeOf` gives the bytes of a message, with its header, or throws. */
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
      this.#size = this.#sizeOf(viewOf(this.#header));
      this.#message = this.#grown(this.#header, FIRST_BYTES);
    }
    let message = this.#message;
    while (true) {
      if (!this.#fill(message)) return null;
      if (message.length === this.#size) break;
      message = this.#message = this.#grown(message, GROWTH * message.length);
    }
    this.#message = undefined;
    this.#filled = 0;
    return message;
  }

  /** The beginning of the message in memory of so many bytes, or of as many as it has or has come by now. */
  #grown(beginning: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
    const grown = new Uint8Array(Math.min(this.#size, Math.max(bytes, this.pending)));
    grown.set(beginning);
    return grown;
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
