/**
 * Programs whose input and output are a socket of this process, for threads that wait at it: Deno keeps to itself what it
 * connects programs with. Linux only.
 */
import { loadLibc, terminatedText } from "./libc.ts";

const SYMBOLS = {
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  kill: { parameters: ["i32", "i32"], result: "i32" },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  posix_spawn_file_actions_addopen: { parameters: ["buffer", "i32", "buffer", "i32", "u32"], result: "i32" },
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_setsigmask: { parameters: ["buffer", "buffer"], result: "i32" },
  posix_spawnattr_destroy: { parameters: ["buffer"], result: "i32" },
  posix_spawnp: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  environ: { type: "pointer" },
} as const;

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
const POLLIN = 1;
const O_WRONLY = 1;
const WNOHANG = 1;
const SIGKILL = 9;
const SIGPIPE = 13;
const SIGTERM = 15;
const SPAWN_SETSIGDEF_SETSIGMASK = 0x04 | 0x08;

/** More than the structures posix_spawn_file_actions_t, posix_spawnattr_t and sigset_t take. */
const STRUCT_BYTES = 1024;
/** Who waits at the socket looks around so often, in microseconds. */
const WAIT_US = 50_000n;
/** The end of a program is looked for so often, in milliseconds. */
const LOOK_MS = 3;
/** A program whose connection is over gets so long to end by itself. */
const PATIENCE_MS = 1000;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | null | undefined;

/** What is to be run. */
export interface SpawnOptions {
  /** A name or a path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Variables that it gets besides those of this process. */
  readonly env: Readonly<Record<string, string>>;
}

/** A running program. Its standard error goes to /dev/null. */
export class SocketProgram {
  readonly #calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly #pid: number;
  /** What it reads and writes, at this end. A call that receives waits for a moment. */
  readonly socket: number;

  private constructor(calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"], pid: number, socket: number) {
    this.#calls = calls;
    this.#pid = pid;
    this.socket = socket;
  }

  /** Starts it; `null` where it cannot be started, or this system cannot do so. */
  static start(options: SpawnOptions): SocketProgram | null {
    library ??= loadLibc(SYMBOLS);
    if (library === null) return null;
    const { symbols: calls } = library;
    const ends = new Int32Array(2);
    // No other program gets either end.
    if (calls.socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, ends) !== 0) return null;
    const [socket, theirs] = ends;
    const wait = new Uint8Array(BigInt64Array.of(0n, WAIT_US).buffer);
    calls.setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, wait, wait.length);
    const pid = spawn(calls, options, theirs);
    calls.close(theirs);
    if (pid !== undefined) return new SocketProgram(calls, pid, socket);
    calls.close(socket);
    return null;
  }

  /** Whether all of the bytes were sent, without waiting. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    const sent = this.#calls.send(this.socket, bytes, BigInt(bytes.length), MSG_DONTWAIT_NOSIGNAL);
    return Number(sent) === bytes.length;
  }

  /** Whether a call that receives would return at once. */
  get isReady(): boolean {
    return this.#calls.poll(Int32Array.of(this.socket, POLLIN), 1n, 0) === 1;
  }

  /**
   * Closes the socket, which no thread may still be reading, and waits until the program has ended. One that goes on is asked
   * to end, then killed.
   */
  async close(): Promise<void> {
    this.#calls.close(this.socket);
    const start = performance.now();
    const signals = [SIGTERM, SIGKILL];
    while (!this.#hasEnded) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      const due = PATIENCE_MS * (3 - signals.length);
      if (signals.length > 0 && performance.now() - start >= due) {
        this.#calls.kill(this.#pid, signals.shift()!);
      }
    }
  }

  get #hasEnded(): boolean {
    return this.#calls.waitpid(this.#pid, null, WNOHANG) !== 0;
  }
}

/** The process that runs it, with this end of the socket as its input and output. */
function spawn(
  calls: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"],
  { program, args, env }: SpawnOptions,
  end: number,
): number | undefined {
  const [actions, attributes, signals] = Array.from({ length: 3 }, () => new Uint8Array(STRUCT_BYTES));
  const pid = new Int32Array(1);
  calls.posix_spawn_file_actions_init(actions);
  calls.posix_spawnattr_init(attributes);
  try {
    // As Deno and Rust do it: nothing is blocked, and SIGPIPE, which they ignore, is not ignored.
    const failed = calls.posix_spawnattr_setsigmask(attributes, signals) +
      calls.posix_spawnattr_setsigdefault(attributes, withSignal(signals, SIGPIPE)) +
      calls.posix_spawnattr_setflags(attributes, SPAWN_SETSIGDEF_SETSIGMASK) +
      calls.posix_spawn_file_actions_adddup2(actions, end, 0) +
      calls.posix_spawn_file_actions_adddup2(actions, end, 1) +
      calls.posix_spawn_file_actions_addopen(actions, 2, terminatedText("/dev/null"), O_WRONLY, 0);
    if (failed !== 0) return undefined;
    const words = new WordList([program, ...args]);
    const more = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const variables = new WordList(more, ownVariables(calls.environ));
    const file = terminatedText(program);
    const status = calls.posix_spawnp(pid, file, actions, attributes, words.pointers, variables.pointers);
    return status === 0 ? pid[0] : undefined;
  } finally {
    calls.posix_spawn_file_actions_destroy(actions);
    calls.posix_spawnattr_destroy(attributes);
  }
}

/** A set of signals, with one more. */
function withSignal(set: Uint8Array<ArrayBuffer>, signal: number): Uint8Array<ArrayBuffer> {
  const more = set.slice();
  new BigUint64Array(more.buffer)[0] |= 1n << BigInt(signal - 1);
  return more;
}

/** What `environ` of the C library refers to. */
function ownVariables(environ: Deno.PointerValue): bigint[] {
  const variables: bigint[] = [];
  const list = environ && new Deno.UnsafePointerView(environ).getPointer();
  if (list === null) return variables;
  const view = new Deno.UnsafePointerView(list);
  for (let at = 0;; at += BigUint64Array.BYTES_PER_ELEMENT) {
    const variable = view.getBigUint64(at);
    if (variable === 0n) return variables;
    variables.push(variable);
  }
}

/** A list of texts as the C library takes it, with others that it has already behind them. */
class WordList {
  readonly pointers: BigUint64Array<ArrayBuffer>;
  /** Where they are: it has to last as long as the pointers. */
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(words: readonly string[], others: readonly bigint[] = []) {
    const texts = words.map(terminatedText);
    // Longer than the arrays that V8 keeps among its objects, which it moves.
    this.#bytes = new Uint8Array(texts.reduce((sum, { length }) => sum + length, STRUCT_BYTES));
    const start = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.#bytes));
    const places: bigint[] = [];
    let at = 0;
    for (const text of texts) {
      this.#bytes.set(text, at);
      places.push(start + BigInt(at));
      at += text.length;
    }
    this.pointers = BigUint64Array.of(...places, ...others, 0n);
  }
}
