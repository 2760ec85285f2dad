/** Bounds the memory of what clients have not taken yet. */

/** The bodies that are being sent; one that many clients get counts once. */
export class PendingBodies {
  readonly #limit: number;
  readonly #counts = new Map<ArrayBufferLike, number>();
  #bytes = 0;

  /** No more bytes than `limit` are held, but for one body. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Begins to send the body. False when there is no room: then it must not be sent. */
  add({ buffer }: Uint8Array): boolean {
    const count = this.#counts.get(buffer) ?? 0;
    if (count === 0) {
      if (this.#bytes > 0 && this.#bytes + buffer.byteLength > this.#limit) return false;
      this.#bytes += buffer.byteLength;
    }
    this.#counts.set(buffer, count + 1);
    return true;
  }

  /** The body was sent, or its client is gone. */
  remove({ buffer }: Uint8Array): void {
    const count = this.#counts.get(buffer) ?? 0;
    if (count > 1) return void this.#counts.set(buffer, count - 1);
    if (this.#counts.delete(buffer)) this.#bytes -= buffer.byteLength;
  }
}
