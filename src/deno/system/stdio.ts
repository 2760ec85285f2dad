/**
 * Standard output and error, also where writes do not wait (O_NONBLOCK): a pipe, socket or terminal is so for every program
 * that has it as soon as one of them wants it, and some parents and ssh do.
 *
 * Deno's own functions buffer lines, and do not say how much they wrote before they had to wait. So the C library writes,
 * where it can be had. Of standard input Deno waits by itself.
 */
import { abortable } from "../../core/abortable.ts";
import { interrupted } from "../../core/errors.ts";
import { EAGAIN, errno, loadLibc, systemErrorOf } from "./libc.ts";
import { errorCode } from "./error_code.ts";

/** Standard output, or standard error. */
type Output = 1 | 2;

const POLL_OUT = 4;
/** For `sendmsg`: returns instead of waiting, and without a signal where the other end is closed. */
const DO_NOT_WAIT = 0x40 | 0x4000; // MSG_DONTWAIT | MSG_NOSIGNAL on Linux
/** The same for `pwritev2`, which writes to pipes so since Linux 6.0. */
const RWF_NOWAIT = 8;
/** What `sendmsg` says of a pipe, file or terminal. */
const ENOTSOCK = 88;
/** What reads the pipe may need this long to make room, in milliseconds: less than what another thread costs. */
const MOMENT_MS = 1;
/** A pipe that has room takes as many bytes without waiting (PIPE_BUF). */
const SURE_BYTES = 4096;
/** Between looks whether the user wants to stop. */
const POLL_MS = 200;
const PAUSE_MS = 2;

const WRITE = ["i32", "buffer", "usize"] as const;
const POLL = ["buffer", "u64", "i32"] as const;
const SYMBOLS = {
  write: { parameters: WRITE, result: "isize" },
  writeMeanwhile: { name: "write", parameters: WRITE, result: "isize", nonblocking: true },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },
  // Since glibc 2.26.
  pwritev2: { parameters: ["i32", "buffer", "i32", "i64", "i32"], result: "isize", optional: true },
  poll: { parameters: POLL, result: "i32" },
  pollMeanwhile: { name: "poll", parameters: POLL, result: "i32", nonblocking: true },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

type Calls = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** Where the flags have other numbers, all is left to threads. */
const CAN_SEND_NOW = Deno.build.os === "linux";

let loaded: Calls | null | undefined;

function calls(): Calls | null {
  if (loaded === undefined) loaded = loadLibc(SYMBOLS)?.symbols ?? null;
  return loaded;
}

/**
 * Writes all bytes, waiting as long as it takes, or no longer than `patience` for the reader. Returns whether all were
 * written. Throws what the system says.
 */
export function writeNow(file: Output, bytes: Uint8Array, patience: number = -1): boolean {
  const c = calls();
  for (let at = 0; at < bytes.length;) {
    const rest = bytes.subarray(at);
    const written = c === null ? denosOwn(file).writeSync(rest) : tryWrite(c, file, rest);
    at += written;
    if (c !== null && written === 0 && c.poll(pollForRoom(file), 1n, patience) === 0) return false;
  }
  return true;
}

/** Writes all bytes of the pieces, while other work goes on. Throws what the system says, and `interrupted`. */
export async function write(
  file: Output,
  pieces: readonly Uint8Array[],
  signal?: AbortSignal,
): Promise<void> {
  let rest = from(pieces, 0);
  while (rest.length > 0) {
    if (signal?.aborted) throw interrupted();
    const written = writeAtOnce(file, rest) || await abortable(() => writeSome(file, rest[0]), signal);
    rest = from(rest, written);
  }
}

/** What is left of the pieces from there on. */
function from(pieces: readonly Uint8Array[], at: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.length > at) rest.push(piece.subarray(at));
    at = Math.max(at - piece.length, 0);
  }
  return rest;
}

/** Bytes that were written without waiting for more than a moment. */
function writeAtOnce(file: Output, pieces: readonly Uint8Array[]): number {
  const c = CAN_SEND_NOW ? calls() : null;
  return c === null ? 0 : sendNow(c, file, pieces) || pipeNow(c, file, pieces);
}

async function writeSome(file: Output, bytes: Uint8Array): Promise<number> {
  const c = calls();
  if (c === null) return await denosOwn(file).write(bytes);
  const written = Number(await c.writeMeanwhile(file, own(bytes), BigInt(bytes.length)));
  if (written > 0) return written;
  // What was wrong is known only after a call on this thread, which must not wait.
  const ready = await c.pollMeanwhile(pollForRoom(file), 1n, POLL_MS);
  if (ready === 0) return 0;
  const sure = tryWrite(c, file, bytes.subarray(0, SURE_BYTES));
  // A socket may be called ready and have no room.
  if (sure === 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  return sure;
}

/** Outputs that were found to be no sockets. */
const notSockets = new Set<Output>();

/** Bytes that a socket takes at once; sshd has its commands write to one. None for what is no socket or has no room. */
function sendNow(c: Calls, file: Output, pieces: readonly Uint8Array[]): number {
  if (notSockets.has(file)) return 0;
  const vector = vectorOf(pieces);
  const message = new BigUint64Array(7); // struct msghdr: where the vector is, and how many it has
  message.set([addressOf(vector), BigInt(pieces.length)], 2);
  const sent = Number(c.sendmsg(file, new Uint8Array(message.buffer), DO_NOT_WAIT));
  if (sent < 0 && errno(c) === ENOTSOCK) notSockets.add(file);
  return Math.max(sent, 0);
}

/** Outputs to which nothing can be written without waiting. */
const waiting = new Set<Output>();

/** Bytes that a pipe takes in a moment. None for what is no pipe or has no room. */
function pipeNow(c: Calls, file: Output, pieces: readonly Uint8Array[]): number {
  if (waiting.has(file) || c.pwritev2 === null) return 0;
  const vector = vectorOf(pieces);
  for (const isAgain of [false, true]) {
    if (isAgain && c.poll(pollForRoom(file), 1n, MOMENT_MS) <= 0) return 0;
    const written = Number(c.pwritev2(file, vector, pieces.length, -1n, RWF_NOWAIT));
    if (written > 0) return written;
    if (errno(c) === EAGAIN) continue;
    waiting.add(file);
    return 0;
  }
  return 0;
}

/** An array of struct iovec. The pieces must be kept for as long as it is. */
function vectorOf(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const words = new BigUint64Array(2 * pieces.length);
  pieces.forEach((piece, i) => {
    words[2 * i] = addressOf(piece);
    words[2 * i + 1] = BigInt(piece.length);
  });
  return new Uint8Array(words.buffer);
}

/** Asked of the buffer: small arrays that were not asked for theirs lie where V8 moves them. */
function addressOf({ buffer, byteOffset }: Uint8Array): bigint {
  const address = Deno.UnsafePointer.of(buffer as ArrayBuffer);
  return BigInt(Deno.UnsafePointer.value(address)) + BigInt(byteOffset);
}

/** Bytes that were written, none where that would have to wait. */
function tryWrite(c: Calls, file: Output, bytes: Uint8Array): number {
  const written = Number(c.write(file, own(bytes), BigInt(bytes.length)));
  if (written >= 0) return written;
  const error = systemErrorOf(c);
  if (error.code === "EAGAIN" || error.code === "EINTR") return 0;
  throw error;
}

/** No memory that threads share is ever written from. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

function pollForRoom(file: Output): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8); // struct pollfd: fd, events, revents
  const view = new DataView(bytes.buffer);
  view.setInt32(0, file, true);
  view.setInt16(4, POLL_OUT, true);
  return bytes;
}

function denosOwn(file: Output): typeof Deno.stdout {
  return file === 1 ? Deno.stdout : Deno.stderr;
}

/** Whether the error says that the other end of a pipe is closed. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || errorCode(error) === "EPIPE";
}
