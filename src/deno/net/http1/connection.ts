/** The bytes of a connection, in and out. */

import { latin1 } from "./answer_head.ts";

/** Heads and lines have to fit, and what comes with them. */
const BUFFER_BYTES = 64 * 1024;

/** One connection to a server. Disposing of it closes it. */
export class Connection implements Disposable {
  readonly #socket: Deno.Conn;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;
  #isClosed = false;
  /** Bytes that came since {@linkcode begin}. */
  received = 0;

  constructor(socket: Deno.Conn) {
    this.#socket = socket;
  }

  /** Bytes that have come and were not taken. */
  get waiting(): number {
    return this.#end - this.#start;
  }

  /** Where the server is; `undefined` where it has no IP address. */
  get address(): Deno.NetAddr | undefined {
    const { remoteAddr } = this.#socket;
    return remoteAddr.transport === "tcp" ? remoteAddr : undefined;
  }

  /** Begins a request. */
  begin(): void {
    this.received = 0;
  }

  /** Sends all of the bytes. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }

  /**
   * The bytes up to the first `end`, which is taken too, in Latin-1. `undefined` when there is none in as many bytes as are
   * looked at, or a line ends otherwise. Throws when the connection ends before it.
   */
  async takeUntil(end: "\r\n" | "\r\n\r\n"): Promise<string | undefined> {
    let looked = 0;
    while (true) {
      const at = this.#find(end, looked);
      if (at >= 0) {
        const text = latin1(this.#buffer.subarray(this.#start, this.#start + at));
        this.#start += at + end.length;
        return text;
      }
      // Waiting for more would have no end.
      if (this.waiting === BUFFER_BYTES || this.#hasBareLineFeed(looked)) return undefined;
      looked = Math.max(0, this.waiting - end.length + 1);
      if (!await this.#fill()) throw ended();
    }
  }

  /** Some of the next bytes, no more than `most`; `null` at the end of the connection. */
  async takeSome(most: number): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.waiting === 0 && !await this.#fill()) return null;
    const piece = this.#buffer.slice(this.#start, Math.min(this.#end, this.#start + most));
    this.#start += piece.length;
    return piece;
  }

  /** Fills `target`. Throws when the connection ends before. */
  async takeInto(target: Uint8Array): Promise<void> {
    const known = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + target.length));
    target.set(known);
    this.#start += known.length;
    for (let at = known.length; at < target.length;) {
      const count = await this.#socket.read(target.subarray(at));
      if (count === null) throw ended();
      this.received += count;
      at += count;
    }
  }

  /** Whether that is what waits, or its beginning. */
  startsWith(text: string): boolean {
    const known = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + text.length));
    return text.startsWith(latin1(known));
  }

  /** Drops bytes that wait. */
  skip(count: number): void {
    this.#start += count;
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  /** Reads more into the buffer, which is not full. False at the end of the connection. */
  async #fill(): Promise<boolean> {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    if (this.#end === BUFFER_BYTES) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    const count = await this.#socket.read(this.#buffer.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    this.received += count;
    return true;
  }

  /** Whether a line in what waits ends with a line feed alone, looked for from there on. */
  #hasBareLineFeed(from: number): boolean {
    const bytes = this.#buffer.subarray(this.#start, this.#end);
    for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
      if (at === 0 || bytes[at - 1] !== 13) return true;
    }
    return false;
  }

  /** Where `end` is in what waits, looked for from there on; -1 when it is not there. */
  #find(end: string, from: number): number {
    const bytes = this.#buffer;
    const last = this.#end - end.length;
    for (let i = this.#start + from; i <= last; i++) {
      if (bytes[i] !== 13 || bytes[i + 1] !== 10) continue;
      if (end.length === 2 || (bytes[i + 2] === 13 && bytes[i + 3] === 10)) return i - this.#start;
    }
    return -1;
  }
}

/** The error for a connection that ends too early. */
function ended(): TypeError {
  return new TypeError("the connection was closed before all had come");
}
