/** Bytes that arrive in pieces of any size and are taken out in others. */

/** A queue of bytes. What is taken may be a part of a piece that was pushed: neither may be changed. */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  /** The piece that the first byte is in, and the byte's place in it. */
  #first = 0;
  #at = 0;
  #length = 0;

  /** Bytes in the queue. */
  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** The first `count` bytes, which have to be there; they stay in the queue. */
  peek(count: number): Uint8Array {
    if (count === 0) return new Uint8Array(0);
    const piece = this.#pieces[this.#first];
    if (piece.length - this.#at >= count) return piece.subarray(this.#at, this.#at + count);
    const joined = new Uint8Array(count);
    let length = 0;
    for (let i = this.#first; length < count; i++) {
      const from = i === this.#first ? this.#at : 0;
      const part = this.#pieces[i].subarray(from, from + count - length);
      joined.set(part, length);
      length += part.length;
    }
    return joined;
  }

  /** Takes the first `count` bytes, which have to be there. */
  take(count: number): Uint8Array {
    const bytes = this.peek(count);
    this.#drop(count);
    return bytes;
  }

  /** Takes as many bytes, up to `most`, as lie together. The queue must not be empty. */
  takeSome(most: number): Uint8Array {
    return this.take(Math.min(most, this.#pieces[this.#first].length - this.#at));
  }

  #drop(count: number): void {
    this.#length -= count;
    this.#at += count;
    while (this.#first < this.#pieces.length && this.#at >= this.#pieces[this.#first].length) {
      this.#at -= this.#pieces[this.#first].length;
      this.#first++;
    }
    if (this.#first === this.#pieces.length) {
      this.#pieces = [];
      this.#first = 0;
    } else if (this.#first > 1000) {
      this.#pieces.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
