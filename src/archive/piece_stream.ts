/** A stream of bytes produced piece by piece, no faster than they are consumed. */

/** Pieces that may be queued before the producer has to wait. */
const PIECES_AHEAD = 8;

/** Bytes that are being made. */
export interface PieceStream<T> {
  /** The bytes. Cancelling it makes the making fail. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What the making returned, once all is made. */
  readonly done: Promise<T>;
}

/** Where the pieces go. */
class PieceSink {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #full = false;

  /** Writes to this writer. */
  constructor(writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>) {
    this.#writer = writer;
  }

  /** Takes a piece, which then belongs to the reader of the stream. */
  readonly emit = (piece: Uint8Array<ArrayBuffer>): void => {
    // When the stream has failed, the next wait for it says so.
    this.#writer.write(piece).catch(() => {});
    this.#full = (this.#writer.desiredSize ?? 0) <= 0;
  };

  /** To be waited for, where there is something, before more is made. */
  room(): Promise<void> | undefined {
    if (!this.#full) return undefined;
    this.#full = false;
    return this.#writer.ready;
  }
}

/** The stream of what `make` gives to the sink. An error of `make` is that of the stream as well. */
export function pieceStream<T>(make: (sink: PieceSink) => Promise<T>): PieceStream<T> {
  const ahead = { highWaterMark: PIECES_AHEAD };
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>(
    {},
    ahead,
  );
  const writer = writable.getWriter();
  const run = async (): Promise<T> => {
    try {
      const result = await make(new PieceSink(writer));
      await writer.close();
      return result;
    } catch (error) {
      await writer.abort(error).catch(() => {});
      throw error;
    }
  };
  const done = run();
  // The reader of the stream gets the error too, and may never ask here.
  done.catch(() => {});
  return { readable, done };
}
