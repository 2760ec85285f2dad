/**
 * Errors with a stable code, so that programs can distinguish them and the command line can pick an exit status.
 * They survive the way between threads as plain objects (`errorToWire`, `errorFromWire`).
 */
import { oneLine } from "./foreign_text.ts";

/** What went wrong, as a word that stays the same between releases. */
export type ErrorCode =
  | "invalid-index" // the bytes are no index, or one that contradicts itself
  | "invalid-delta" // the bytes are no delta file, or one that contradicts itself
  | "invalid-archive" // the bytes are no .catar, or one that contradicts itself
  | "invalid-chunk" // a chunk's bytes are not what its id says
  | "wrong-digest" // a chunk's bytes are what its id says, under the other digest
  | "invalid-id" // not 64 hexadecimal digits
  | "missing-chunk" // no store has the chunk
  | "missing-path" // an archive has nothing of this path
  | "missing-file" // a file or directory that has to be there is not
  | "store" // a store could not be asked or written
  | "protocol" // the other end spoke something other than the casync protocol
  | "timeout" // no answer in time
  | "io" // a file could not be read or written
  | "mismatch" // two things that should be the same differ
  | "unsupported" // right, but more than this program or this system can do
  | "usage" // invalid arguments
  | "interrupted"; // stopped on request

/** What is wrong with an argument or an option, as the first word of a message. */
export type Problem = "Missing" | "Unknown" | "Invalid" | "Too many";

/**
 * What an error knows, of which its message is made. There are three kinds:
 *
 * - with an action: `Cannot <action> <subject>: <reason> (<hint>)`
 * - with a problem: `<problem> <subject>: <reason> (<hint>)`, about what was given on the command line
 * - with neither: `<subject> <reason> (<hint>)`, or the reason alone, to which the caller who knows the file adds an
 *   action and a subject by {@linkcode DesyncError.withContext}
 */
export interface ErrorFields {
  /** What could not be done: `read`, `store chunks in`. */
  readonly action?: string;
  /** What is wrong with the subject. */
  readonly problem?: Problem;
  /** What it is about: a path, a location, a chunk, an option. */
  readonly subject?: string;
  /** Why: `no such file or directory`. */
  readonly reason?: string;
  /** What to do about it, or what helps to understand it. */
  readonly hint?: string;
  /** What was thrown below. */
  readonly cause?: unknown;
  /** Whether asking again may help: a lost connection does, a chunk that is missing does not. Default: no. */
  readonly retriable?: boolean;
  /** How long a server wants no further request, in milliseconds, where it said so; 0 if it only wants fewer. */
  readonly retryAfterMs?: number;
  /** Id of the chunk that it is about, if any. Default: that of the cause. */
  readonly chunk?: string;
  /** Location of the store that it is about, as messages show it, if any. Default: that of the cause. */
  readonly store?: string;
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
export class DesyncError extends Error implements ErrorFields {
  /** The class, as error messages show it. */
  override name = "DesyncError";
  /** Stable word for the kind of failure. */
  readonly code: ErrorCode;
  /** What could not be done: `read`, `store chunks in`. */
  readonly action?: string;
  /** What is wrong with the subject, where there is no action. */
  readonly problem?: Problem;
  /** What it is about: a path, a location, a chunk, an option. */
  readonly subject?: string;
  /** Why: `no such file or directory`. */
  readonly reason?: string;
  /** What to do about it, or what helps to understand it. */
  readonly hint?: string;
  /** Whether asking again may help: a lost connection does, a chunk that is missing does not. */
  readonly retriable: boolean;
  /** How long a server wants no further request, in milliseconds, where it said so; 0 if it only wants fewer. */
  readonly retryAfterMs?: number;
  /** Id of the chunk that it is about, if any. */
  readonly chunk?: string;
  /** Location of the store that it is about, as messages show it, if any. */
  readonly store?: string;

  /**
   * The message is made of the fields, which are put on one line each, without what would do things to a terminal:
   * names in them may come from anywhere.
   */
  constructor(code: ErrorCode, fields: ErrorFields) {
    const { problem, cause } = fields;
    const texts = {
      action: cleaned(fields.action),
      subject: cleaned(fields.subject),
      reason: cleaned(fields.reason),
      hint: cleaned(fields.hint),
    };
    super(compose({ problem, ...texts }), cause === undefined ? undefined : { cause });
    this.code = code;
    this.action = texts.action;
    this.problem = problem;
    this.subject = texts.subject;
    this.reason = texts.reason;
    this.hint = texts.hint;
    this.retriable = fields.retriable ?? false;
    this.retryAfterMs = fields.retryAfterMs;
    const below = cause instanceof DesyncError ? cause : undefined;
    this.chunk = fields.chunk ?? below?.chunk;
    this.store = fields.store ?? below?.store;
  }

  /** The same error with some fields changed. This one is its cause. */
  with(fields: ErrorFields): DesyncError {
    return new DesyncError(this.code, { ...fieldsOf(this), cause: this, ...fields });
  }

  /**
   * The same error as the reason why something could not be done, or is wrong. One that says already what could not be
   * done is returned as it is, and so is an interruption.
   */
  withContext(context: ErrorFields): DesyncError {
    if (this.action !== undefined || this.problem !== undefined || this.code === "interrupted") return this;
    return this.with({ reason: joined(" ", this.subject, this.reason), subject: undefined, ...context });
  }

  /** The same error with one more hint, and with other fields changed. */
  withHint(hint: string, fields: ErrorFields = {}): DesyncError {
    return this.with({ ...fields, hint: joined("; ", this.hint, hint) });
  }
}

/** The one place that puts fields into words. */
function compose({ action, problem, subject, reason, hint }: ErrorFields): string {
  const head = action === undefined ? problem : `Cannot ${action}`;
  const line = head === undefined
    ? joined(" ", subject, reason)
    : joined(": ", joined(" ", head, subject), reason);
  return hint === undefined ? line : `${line} (${hint})`;
}

function joined(between: string, ...texts: (string | undefined)[]): string {
  return texts.filter((text) => text !== undefined).join(between);
}

/** Fit for a line; `undefined` when nothing is left. */
function cleaned(text: string | undefined): string | undefined {
  return (text === undefined ? undefined : oneLine(text)) || undefined;
}

/** All fields but the cause. */
function fieldsOf(error: DesyncError): Omit<ErrorFields, "cause"> {
  const { action, problem, subject, reason, hint, retriable, retryAfterMs, chunk, store } = error;
  return { action, problem, subject, reason, hint, retriable, retryAfterMs, chunk, store };
}

/** The error of work that was stopped on request. */
export function interrupted(cause?: unknown): DesyncError {
  return new DesyncError("interrupted", { reason: "Interrupted", cause });
}

/** The form in which an error is sent between threads. */
export interface WireError {
  name: string;
  message: string;
  stack?: string;
  /** Of a {@linkcode DesyncError}, or the word that the system has, such as `ENOENT`. */
  code?: string;
  /** Only a {@linkcode DesyncError} has them. */
  fields?: Omit<ErrorFields, "cause">;
  cause?: WireError;
}

/** No longer chain of causes is sent: it could be a circle. */
const MOST_CAUSES = 16;

/** Turns any thrown value into what can be posted to another thread, with all its causes. */
export function errorToWire(error: unknown): WireError {
  return toWire(error, MOST_CAUSES);
}

function toWire(error: unknown, causes: number): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: messageOf(error) };
  const { name, message, stack } = error;
  return {
    name,
    message,
    stack,
    code: "code" in error && typeof error.code === "string" ? error.code : undefined,
    fields: error instanceof DesyncError ? fieldsOf(error) : undefined,
    cause: error.cause === undefined || causes === 0 ? undefined : toWire(error.cause, causes - 1),
  };
}

/** The error that was posted by {@linkcode errorToWire}: an `io` error when it was not a {@linkcode DesyncError}. */
export function errorFromWire(wire: WireError): DesyncError {
  const { message, stack, fields = { reason: message } } = wire;
  const code = wire.fields === undefined ? "io" : wire.code as ErrorCode;
  const error = new DesyncError(code, { ...fields, cause: wire.cause && causeFromWire(wire.cause) });
  if (stack !== undefined) error.stack = stack;
  return error;
}

function causeFromWire(wire: WireError): Error {
  if (wire.fields !== undefined) return errorFromWire(wire);
  const { name, message, stack, code, cause } = wire;
  const error = new Error(message, cause && { cause: causeFromWire(cause) });
  return Object.assign(error, { name }, stack && { stack }, code && { code });
}

/** The error and its causes, each once: those of foreign errors can form a circle. */
export function causesOf(error: unknown): Error[] {
  const causes = new Set<Error>();
  for (let at = error; at instanceof Error && !causes.has(at); at = at.cause) causes.add(at);
  return [...causes];
}

/** The message of a thrown value, whatever it is, on one line. */
export function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}
