/** A stream of bytes, read piece by piece into the same memory where the stream can do that. */
import { PIECE_BYTES } from "../../core/bytes.ts";

/** Fresh memory for each piece takes longer than reading it. */
export class PieceReader {
  readonly #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array>;
  #buffer = new ArrayBuffer(0);

  /** Locks the stream. */
  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = intoOwnMemory(stream) ?? stream.getReader();
  }

  /** The next piece, which may be used until the next is read; `undefined` at the end. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#reader instanceof ReadableStreamDefaultReader) return (await this.#reader.read()).value;
    if (this.#buffer.byteLength === 0) this.#buffer = new ArrayBuffer(PIECE_BYTES);
    const { value, done } = await this.#reader.read(new Uint8Array(this.#buffer));
    if (value !== undefined) this.#buffer = value.buffer;
    return done ? undefined : value;
  }

  /** What comes is not read any more. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

/** Only streams of bytes, such as the output of a program, have such readers. */
function intoOwnMemory(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}
