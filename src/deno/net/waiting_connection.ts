/**
 * A connection by the C library whose calls wait until they are done: for the thread of a worker, which has nothing else to
 * do meanwhile. A call takes a tenth of the processor time of one that does not wait. Linux only.
 */
import { EAGAIN, EINTR, errno, loadLibc } from "../system/libc.ts";
import { socketAddress } from "./http1/socket_address.ts";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const SOL_SOCKET = 1;
const [SO_RCVTIMEO, SO_SNDTIMEO] = [20, 21];
const MSG_NOSIGNAL = 0x4000;
const MSG_PEEK_DONTWAIT = 0x42;
const MSG_WAITALL = 0x100;

/** A call waits no longer, in microseconds: for the next bytes, or for room and for the server to take the connection. */
const PATIENCE_US: Readonly<Record<number, bigint>> = { [SO_RCVTIMEO]: 50_000n, [SO_SNDTIMEO]: 500_000n };

let library: Deno.DynamicLibrary<typeof SYMBOLS> | null | undefined;

/** One connection. Disposing of it closes it. */
export class WaitingConnection implements Disposable {
  readonly #calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly #fd: number;
  readonly #peeked = new Uint8Array(1);
  #isClosed = false;

  private constructor(calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"], fd: number) {
    this.#calls = calls;
    this.#fd = fd;
  }

  /** A new connection to that IP address, `null` when there is none after half a second, or this system cannot make it. */
  static open(address: string, port: number): WaitingConnection | null {
    library ??= loadLibc(SYMBOLS);
    const place = socketAddress(address, port);
    if (library === null || place === undefined) return null;
    const { symbols: calls } = library;
    const fd = calls.socket(place.family, SOCK_STREAM_CLOEXEC, 0);
    if (fd < 0) return null;
    const connection = new WaitingConnection(calls, fd);
    for (const option of [SO_RCVTIMEO, SO_SNDTIMEO]) {
      const patience = new Uint8Array(BigInt64Array.of(0n, PATIENCE_US[option]).buffer);
      calls.setsockopt(fd, SOL_SOCKET, option, patience, patience.length);
    }
    const yes = new Uint8Array(Int32Array.of(1).buffer);
    calls.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, yes, yes.length);
    if (calls.connect(fd, place.bytes, place.bytes.length) === 0) return connection;
    connection[Symbol.dispose]();
    return null;
  }

  /**
   * Over an open socket, whose owner has set how long a call waits and closes it; `null` where this system cannot use it.
   */
  static over(socket: number): WaitingConnection | null {
    library ??= loadLibc(SYMBOLS);
    return library === null ? null : new WaitingConnection(library.symbols, socket);
  }

  /** Whether all of the bytes were sent. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    while (true) {
      const count = Number(this.#calls.send(this.#fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL));
      if (count >= 0 || errno(this.#calls) !== EINTR) return count === bytes.length;
    }
  }

  /**
   * Receives the next bytes, those that are there or with `all` as many as `into` takes. Returns how many: fewer when no more
   * come in a moment, `undefined` when none do; 0 at the end of the connection, less when it is broken.
   */
  receive(into: Uint8Array<ArrayBuffer>, all: boolean): number | undefined {
    const count = Number(this.#calls.recv(this.#fd, into, BigInt(into.length), all ? MSG_WAITALL : 0));
    return count < 0 && this.#isOnlyLate ? undefined : count;
  }

  /** Whether {@linkcode receive} would not wait for the next byte. */
  get hasMore(): boolean {
    const count = Number(this.#calls.recv(this.#fd, this.#peeked, 1n, MSG_PEEK_DONTWAIT));
    return count >= 0 || !this.#isOnlyLate;
  }

  /** Whether nothing is wrong, but nothing has come. */
  get #isOnlyLate(): boolean {
    return [EAGAIN, EINTR].includes(errno(this.#calls));
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#calls.close(this.#fd);
  }
}
