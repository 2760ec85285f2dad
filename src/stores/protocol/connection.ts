/** A connection with another program, whatever carries it. */

/** The two directions of a connection, and what may be learnt when it breaks. */
export interface Connection {
  /** What the other end sends. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What it is sent. */
  readonly writable: WritableStream<Uint8Array>;
  /** Set where bytes have left the program when writing them resolves: nothing looks at them any more. */
  readonly writesThrough?: boolean;
  /** Why it ended, as far as is known: the remote's last words, or a program's status. Ends it if it has not. */
  diagnose(): Promise<string>;
  /** Ends it. */
  close(): Promise<void>;
}
