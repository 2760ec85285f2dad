/** Bodies of requests, which are not believed: each is read within a bound, and all together are. */
import type { ServerRequest } from "./handler.ts";
import { plainAnswer, Refused } from "./statuses.ts";

/** How a body is received. */
export interface BodyTaker {
  /** Bytes at most. */
  readonly limit: number;
  /** Memory that each piece takes besides its bytes, if pieces are kept. Default: none. */
  readonly pieceBytes?: number;
  /** Gets each piece. What it throws ends the reading. */
  readonly take: (piece: Uint8Array) => void;
}

/** The memory for bodies that were received and are still needed. */
export class BodyMemory {
  readonly #limit: number;
  #bytes = 0;
  /** Of them, what was made of bodies. */
  #held = 0;

  /** So many bytes at most for all bodies together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * What `use` returns, which is called when the whole body was taken. Throws {@linkcode Refused}: 413 when it is larger than
   * the limit, 400 when it has not the length that it claims or breaks off, 503 when there is no room for it now. `use` calls
   * `hold` with the bytes that it made of the body and needs as well: a body of a few bytes may become many. One at a time
   * may need more than there is room for.
   */
  async withBody<T>(
    request: ServerRequest,
    { limit, pieceBytes = 0, take }: BodyTaker,
    use: (hold: (bytes: number) => void) => Promise<T>,
  ): Promise<T> {
    const claimed = request.header("content-length");
    if (claimed !== undefined && Number(claimed) > limit) throw tooLarge(limit);
    let length = 0;
    /** Of the memory. */
    let taken = 0;
    let held = 0;
    const hold = (bytes: number) => {
      const isFirst = this.#held === 0;
      held += bytes;
      this.#held += bytes;
      this.#bytes += bytes;
      if (!isFirst && this.#bytes > this.#limit) throw busy();
    };
    try {
      for await (const piece of piecesOf(request)) {
        length += piece.length;
        taken += piece.length + pieceBytes;
        this.#bytes += piece.length + pieceBytes;
        if (length > limit) throw tooLarge(limit);
        if (this.#bytes > this.#limit) throw busy();
        take(piece);
      }
      if (claimed !== undefined && Number(claimed) !== length) {
        throw refused(400, `the body has ${length} bytes, not the length that its header says`);
      }
      return await use(hold);
    } finally {
      this.#bytes -= taken + held;
      this.#held -= held;
    }
  }
}

/** The body's pieces; when the connection breaks off, that is the client's. */
async function* piecesOf({ body }: ServerRequest): AsyncGenerator<Uint8Array, void> {
  const pieces = body[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await pieces.next().catch(() => {
        throw refused(400, "the body broke off");
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await pieces.return?.();
  }
}

function busy(): Refused {
  return refused(503, "too many uploads at a time", { "retry-after": "1" });
}

function tooLarge(limit: number): Refused {
  return refused(413, `the body is larger than the limit of ${limit} bytes`);
}

function refused(status: number, line: string, headers?: Readonly<Record<string, string>>): Refused {
  return new Refused(plainAnswer(status, line, headers));
}
