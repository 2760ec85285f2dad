/**
 * A program that runs another whose standard output or input is a pipe or socket that does not wait (O_NONBLOCK), as some
 * parents hand it down, and passes the bytes on, more slowly than they come: `pipe|socket out|in PROGRAM ARGUMENT…`. Ends
 * with the other's status. Linux, with foreign functions.
 */

const { symbols: c } = Deno.dlopen("libc.so.6", {
  pipe: { parameters: ["buffer"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  dup: { parameters: ["i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  posix_spawnp: {
    parameters: ["buffer", "buffer", "pointer", "pointer", "buffer", "buffer"],
    result: "i32",
  },
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
});

const F_SETFD = 2;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;
const AF_UNIX = 1;
const SOCK_STREAM = 1;

const [kind, direction, program, ...args] = Deno.args;
const ends = new Int32Array(2);
const bytes = new Uint8Array(ends.buffer);
const made = kind === "pipe" ? c.pipe(bytes) : c.socketpair(AF_UNIX, SOCK_STREAM, 0, bytes);
if (made !== 0) throw new Error(`no ${kind}`);
// Of a pipe the first end is read, the second is written.
const [theirs, ours] = direction === "out" ? [ends[1], ends[0]] : [ends[0], ends[1]];
const standard = direction === "out" ? 1 : 0;
const own = c.dup(standard);
for (const fd of [ours, own]) c.fcntl(fd, F_SETFD, FD_CLOEXEC);
c.fcntl(theirs, F_SETFL, O_NONBLOCK | (kind === "socket" || direction === "out" ? 2 : 0));
c.dup2(theirs, standard);
c.close(theirs);

/** Texts as C has lists of them. `kept` has their bytes as long as they are needed. */
const kept: Uint8Array<ArrayBuffer>[] = [];
function pointers(texts: string[]): BigUint64Array<ArrayBuffer> {
  const addresses = texts.map((text) => {
    const bytes = new TextEncoder().encode(`${text}\0`);
    kept.push(bytes);
    return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
  });
  return BigUint64Array.from([...addresses, 0n]);
}

// Deno's own commands would hand down the standard output that this program was started with.
const pid = new Int32Array(1);
const argv = pointers([program, ...args]);
const environment = pointers(Object.entries(Deno.env.toObject()).map(([name, value]) => `${name}=${value}`));
if (c.posix_spawnp(pid, new TextEncoder().encode(`${program}\0`), null, null, argv, environment) !== 0) {
  throw new Error(`cannot start ${program}`);
}
// The child alone has its end now.
c.dup2(own, standard);
const [from, to] = direction === "out" ? [ours, own] : [own, ours];
const idle = new Int32Array(new SharedArrayBuffer(4));
const buffer = new Uint8Array(30_000);
for (let i = 0;; i++) {
  const length = Number(c.read(from, buffer, BigInt(buffer.length)));
  if (length <= 0) break;
  for (let at = 0; at < length;) {
    at += Number(c.write(to, buffer.subarray(at, length), BigInt(length - at)));
  }
  // Long enough at first for a writer to fill the pipe, and for a reader to find it empty.
  if (i < 8 || i % 8 === 0) Atomics.wait(idle, 0, 0, i < 8 ? 150 : 2);
}
c.close(to);
const status = new Int32Array(1);
c.waitpid(pid[0], status, 0);
Deno.exit((status[0] >> 8) & 0xff);
