/** An answer whose body is still to come. */
import type { AnswerBody, AnswerBodyReader, HttpAnswer } from "../../../stores/http/http_answer.ts";
import type { AnswerHead, BodyEnd } from "./answer_head.ts";
import type { Connection } from "./connection.ts";

/** Pieces of a body that is passed on as it comes, in bytes. */
const PIECE_BYTES = 64 * 1024;

/** As much of a `Response` as is used. */
export class Http1Answer implements HttpAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly type = "basic";
  readonly headers: { get(name: string): string | null };
  readonly #body: Body | undefined;

  /** `over` is called once when all has come, or no more will be read. */
  constructor(head: AnswerHead, end: BodyEnd, connection: Connection, over: (isWhole: boolean) => void) {
    this.status = head.status;
    this.statusText = head.statusText;
    this.headers = { get: (name) => head.headers.get(name.toLowerCase()) ?? null };
    if (end === 0) over(true);
    else this.#body = new Body(connection, end, over);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  get body(): AnswerBody | null {
    return this.#body ?? null;
  }

  get bodyUsed(): boolean {
    return this.#body?.isUsed ?? false;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.bodyUsed) throw new TypeError("the body was read before");
    return await this.#body?.all() ?? new ArrayBuffer(0);
  }
}

/** Its own reader, since streams take 3 ms to load, which short jobs can do without. */
class Body implements AnswerBody, AnswerBodyReader {
  readonly #connection: Connection;
  readonly #isChunked: boolean;
  readonly #over: (isWhole: boolean) => void;
  /** Bytes to come: of the body, or of its chunk. */
  #left: number;
  #isOver = false;
  #isInChunk = false;
  /** What went wrong: all that is read later fails as well. */
  #failure: { readonly error: unknown } | undefined;
  isUsed = false;

  constructor(connection: Connection, end: BodyEnd, over: (isWhole: boolean) => void) {
    this.#connection = connection;
    this.#isChunked = end === "chunked";
    this.#left = end === "chunked" ? 0 : end === "close" ? Infinity : end;
    this.#over = over;
  }

  getReader(): AnswerBodyReader {
    return this;
  }

  async read(): Promise<{ readonly value?: Uint8Array<ArrayBuffer> }> {
    this.isUsed = true;
    return { value: await this.#next() ?? undefined };
  }

  releaseLock(): void {
    // There is no other reader.
  }

  /** What has not come is not waited for. */
  cancel(): Promise<void> {
    this.isUsed = true;
    if (!this.#isOver) {
      // No more than what is in the buffer, which the next request would find there.
      const isHere = !this.#isChunked && this.#connection.waiting >= this.#left;
      if (isHere) this.#connection.skip(this.#left);
      this.#end(isHere);
    }
    return Promise.resolve();
  }

  /** The next piece; `null` at the end. */
  async #next(): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#isOver) return null;
    try {
      if (this.#isChunked && this.#left === 0) await this.#nextChunk();
      if (this.#left === 0) return this.#end(true);
      const piece = await this.#connection.takeSome(Math.min(this.#left, PIECE_BYTES));
      if (piece === null) {
        if (this.#left === Infinity) return this.#end(false);
        throw new TypeError("the connection was closed before all had come");
      }
      this.#left -= piece.length;
      // The connection is free as soon as all has come.
      if (this.#left === 0 && !this.#isChunked) this.#end(true);
      return piece;
    } catch (error) {
      this.#failure = { error };
      this.#end(false);
      throw error;
    }
  }

  /** All that is to come. */
  async all(): Promise<ArrayBuffer> {
    this.isUsed = true;
    if (this.#isChunked || this.#left === Infinity) return await this.#joined();
    try {
      const bytes = new Uint8Array(this.#left);
      await this.#connection.takeInto(bytes);
      this.#end(true);
      return bytes.buffer;
    } catch (error) {
      this.#end(false);
      throw error;
    }
  }

  #end(isWhole: boolean): null {
    if (!this.#isOver) this.#over(isWhole);
    this.#isOver = true;
    return null;
  }

  /** Reads the head of the next chunk; with `#left` at 0 it was the last one. */
  async #nextChunk(): Promise<void> {
    if (this.#isInChunk && await this.#connection.takeUntil("\r\n") !== "") throw invalidChunks();
    this.#isInChunk = true;
    const line = await this.#connection.takeUntil("\r\n") ?? "";
    const [, size] = /^([0-9a-f]{1,12})[ \t]*(?:;[^\r\n]*)?$/i.exec(line) ?? [];
    if (size === undefined) throw invalidChunks();
    this.#left = parseInt(size, 16);
    if (this.#left > 0) return;
    // Headers may follow, which are not used.
    while (true) {
      const trailer = await this.#connection.takeUntil("\r\n");
      if (trailer === "") return;
      if (trailer === undefined) throw invalidChunks();
    }
  }

  async #joined(): Promise<ArrayBuffer> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let piece = await this.#next(); piece !== null; piece = await this.#next()) pieces.push(piece);
    return await new Blob(pieces).arrayBuffer();
  }
}

function invalidChunks(): TypeError {
  return new TypeError("the server sends invalid chunked encoding");
}
