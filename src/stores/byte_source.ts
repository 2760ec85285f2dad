/** Bytes that are read in order, or at any place: a file, or what is at a URL. */

/** A file, wherever it lies. */
export interface ByteSource {
  /** Its bytes in order. Throws `missing-file`, `io`, `store`, `timeout`, `interrupted`. */
  stream(options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
  /** The same, to be read at any place; `null` for what can only be read in order. To be disposed of, if it can be. */
  access(
    options?: { readonly signal?: AbortSignal },
  ): Promise<RandomAccess & Partial<Disposable> | null>;
}

/** Reads parts of something whose size is known. */
export interface RandomAccess {
  /** Bytes of the whole. */
  readonly size: number;
  /** The whole, where all of it had to be read. */
  readonly whole?: Uint8Array;
  /** The bytes from `offset` on, all of which have to be there. For small parts: what lies near may be kept for later. */
  read(offset: number, length: number, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array>;
  /** The bytes from `start` up to but without `end`, in order. */
  pieces(start: number, end: number, options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
}
