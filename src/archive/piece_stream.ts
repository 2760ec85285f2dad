/** A stream of bytes produced piece by piece, no faster than they are consumed. */
import { interrupted } from "../core/errors.ts";

/** Pieces that may be queued before the producer has to wait. */
const PIECES_AHEAD = 8;
/** How long a cancelled stream waits for its producer, which may itself wait for input that never comes. */
const PATIENCE_MS = 1000;

/** Bytes that are being made. */
export interface PieceStream<T> {
  /** The bytes. Cancelling it makes the making fail, and waits until it has ended. */
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What the making returned, once all is made. */
  readonly done: Promise<T>;
}

/** Where the pieces go. */
class PieceSink {
  readonly #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  #waiting: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;

  /** Adds them to this stream. */
  constructor(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) {
    this.#controller = controller;
  }

  /** Takes a piece, which then belongs to the reader of the stream. */
  readonly emit = (piece: Uint8Array<ArrayBuffer>): void => {
    // When the stream was cancelled, the next wait for it says so.
    if (this.#failure === undefined) this.#controller.enqueue(piece);
  };

  /** To be waited for, where there is something, before more is made. */
  room(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#controller.desiredSize! > 0) return undefined;
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** There is room. */
  resume(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** Nothing more is wanted. */
  stop(reason: unknown): void {
    this.#failure = reason instanceof Error ? reason : interrupted(reason);
    this.#waiting?.reject(this.#failure);
  }
}

/** The stream of what `make` gives to the sink. An error of `make` is that of the stream as well. */
export function pieceStream<T>(make: (sink: PieceSink) => Promise<T>): PieceStream<T> {
  const { promise: done, resolve, reject } = Promise.withResolvers<T>();
  // The reader of the stream gets the error too, and may never ask here.
  done.catch(() => {});
  let sink: PieceSink;
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      sink = new PieceSink(controller);
      Promise.try(make, sink).then((result) => {
        controller.close();
        resolve(result);
      }).catch((error) => {
        controller.error(error);
        reject(error);
      });
    },
    pull: () => sink.resume(),
    async cancel(reason) {
      sink.stop(reason);
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, PATIENCE_MS);
      await Promise.race([done.catch(() => {}), late.promise]);
      clearTimeout(timer);
    },
  }, { highWaterMark: PIECES_AHEAD });
  return { readable, done };
}
