/** Bodies of requests, which are not believed: each is read within a bound, and all together are. */
import { concat } from "../core/bytes.ts";
import type { ServerRequest, ServerResponse } from "./exchange.ts";
import { plainAnswer } from "./statuses.ts";

/** A request whose body is not taken: the answer to it. */
export class Refused extends Error {
  readonly answer: ServerResponse;

  constructor(answer: ServerResponse) {
    super("The body was refused");
    this.answer = answer;
  }
}

/** The memory for bodies that are being received. */
export class BodyMemory {
  readonly #limit: number;
  #bytes = 0;

  /** So many bytes at most for all bodies together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are in use. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What `use` makes of the whole body. Throws {@linkcode Refused}: 413 when it is larger than `limit`, 400 when it has not
   * the length that it claims, 503 when there is no room for it now.
   */
  async withBody<T>(
    request: ServerRequest,
    limit: number,
    use: (bytes: Uint8Array) => Promise<T>,
  ): Promise<T> {
    const claimed = request.header("content-length");
    if (claimed !== undefined && Number(claimed) > limit) throw tooLarge(limit);
    const pieces: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const piece of request.body) {
        length += piece.length;
        this.#bytes += piece.length;
        if (length > limit) throw tooLarge(limit);
        if (this.#bytes > this.#limit) {
          throw refused(503, "too many uploads at a time", { "retry-after": "1", "connection": "close" });
        }
        pieces.push(piece);
      }
      if (claimed !== undefined && Number(claimed) !== length) {
        throw refused(400, `the body has ${length} bytes, not as many as its length says`);
      }
      return await use(concat(pieces.splice(0)));
    } finally {
      this.#bytes -= length;
    }
  }
}

function tooLarge(limit: number): Refused {
  return refused(413, `the body is larger than the limit of ${limit} bytes`, { "connection": "close" });
}

function refused(status: number, line: string, headers?: Readonly<Record<string, string>>): Refused {
  return new Refused(plainAnswer(status, line, headers));
}
