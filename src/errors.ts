/**
 * Errors with a stable code, so that programs can tell them apart and the command line can pick an exit status.
 * They survive the way between threads as plain objects (`errorToWire`, `errorFromWire`).
 */
import { oneLine } from "./foreign_text.ts";

/** What went wrong, as a word that stays the same between releases. */
export type ErrorCode =
  | "invalid-index" // the bytes are no index, or one that contradicts itself
  | "invalid-archive" // the bytes are no .catar, or one that contradicts itself
  | "invalid-chunk" // a chunk's bytes are not what its id says
  | "wrong-digest" // a chunk's bytes are what its id says, under the other digest
  | "invalid-id" // not 64 hexadecimal digits
  | "missing-chunk" // no store has the chunk
  | "missing-path" // an archive has nothing of this path
  | "missing-file" // a file or folder that has to be there is not
  | "store" // a store could not be asked or written
  | "protocol" // the other end spoke something other than the casync protocol
  | "timeout" // no answer in time
  | "io" // a file could not be read or written
  | "mismatch" // two things that should be the same differ
  | "unsupported" // right, but more than this program or this system can do
  | "usage" // the caller asked for something that makes no sense
  | "interrupted"; // stopped on request

/** The form in which an error is sent between threads. */
export interface WireError {
  code: ErrorCode;
  message: string;
  retriable: boolean;
  chunk?: string;
  store?: string;
  stack?: string;
}

/**
 * Every error that this library throws on purpose. The message is one line: what, where, and what to do.
 *
 * @example Act upon the code, which stays the same between releases
 * ```ts
 * import { DesyncError, parseIndex } from "@desync/desync";
 *
 * try {
 *   parseIndex(new TextEncoder().encode("<html>not found</html>"));
 * } catch (error) {
 *   if (!(error instanceof DesyncError) || error.code !== "invalid-index") throw error;
 * }
 * ```
 */
export class DesyncError extends Error {
  /** The class, as error messages show it. */
  override name = "DesyncError";
  /** Stable word for the kind of failure. */
  readonly code: ErrorCode;
  /** Whether asking again may help: a lost connection does, a chunk that is missing does not. */
  readonly retriable: boolean;
  /** How long a server wants no further request, in milliseconds, where it said so. */
  readonly retryAfterMs?: number;
  /** Id of the chunk that it is about, if any. */
  readonly chunk?: string;
  /** Location of the store that it is about, as messages show it, if any. */
  readonly store?: string;

  /**
   * The message is put on one line, without what would do things to a terminal: names in it may be anybody's.
   * `cause` is what was thrown below, `retriable` whether asking again may help (default: no). Chunk and store are
   * those of the cause unless they are given.
   */
  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retriable?: boolean; retryAfterMs?: number; chunk?: string; store?: string } =
      {},
  ) {
    super(oneLine(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retriable = options.retriable ?? false;
    this.retryAfterMs = options.retryAfterMs;
    const below = options.cause instanceof DesyncError ? options.cause : undefined;
    this.chunk = options.chunk ?? below?.chunk;
    this.store = options.store ?? below?.store;
  }
}

/** The error of work that was stopped on request. */
export function interrupted(cause?: unknown): DesyncError {
  return new DesyncError("interrupted", "Interrupted", { cause });
}

/** Turns any thrown value into what can be posted to another thread. */
export function errorToWire(error: unknown): WireError {
  if (error instanceof DesyncError) {
    const { code, message, retriable, chunk, store, stack } = error;
    return { code, message, retriable, chunk, store, stack };
  }
  const stack = error instanceof Error ? error.stack : undefined;
  return { code: "io", message: messageOf(error), retriable: false, stack };
}

/** The error that was posted by {@linkcode errorToWire}. */
export function errorFromWire(wire: WireError): DesyncError {
  const { retriable, chunk, store } = wire;
  const error = new DesyncError(wire.code, wire.message, { retriable, chunk, store });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

/** The message of a thrown value, whatever it is, on one line. */
export function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}
