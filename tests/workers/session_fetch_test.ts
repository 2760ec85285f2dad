/** What a worker reads of a session: the right chunks or none, whatever comes. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ChunkId } from "../../src/core/chunk.ts";
import { concat } from "../../src/core/bytes.ts";
import { SocketProgram } from "../../src/deno/system/spawn.ts";
import { encodeMessage, type Message, SERVES_CHUNKS, WANTS_CHUNKS } from "../../src/formats/protocol.ts";
import type { NearFailure } from "../../src/stores/store.ts";
import { SessionFetch } from "../../src/workers/session_fetch.ts";
import { repository } from "../support/process.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { tempDir } from "../support/temp.ts";

const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({
    name,
    fn,
    ignore: Deno.build.os !== "linux",
    // The C library stays loaded.
    sanitizeResources: false,
  });

const SIZE = 100_000;

interface Stored {
  readonly id: ChunkId;
  readonly size: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function storedChunks(count: number): Stored[] {
  const noise = random();
  return Array.from({ length: count }, (_, i) => ({
    id: i.toString(16).padStart(64, "0"),
    size: SIZE,
    bytes: noise.bytes([1, 300, 70_000, SIZE][noise.below(4)]),
  }));
}

const HELLO: Message = { type: "hello", flags: SERVES_CHUNKS };

function chunk({ id, bytes }: Stored): Message {
  return { type: "chunk", id, compressed: true, bytes };
}

/** What came of each task. */
interface Fetched {
  readonly bodies: (Uint8Array | "absent" | null)[];
  readonly failure: NearFailure | undefined;
}

/** Reads what a shell's command writes, in which `$0` is a file with the messages. */
async function fetchFrom(
  messages: readonly (Message | Uint8Array<ArrayBuffer>)[],
  tasks: readonly (readonly Stored[])[],
  { command = 'cat "$0"', idleTimeoutMs = 10_000, stopped = 0 } = {},
): Promise<Fetched[]> {
  using dir = tempDir();
  const bytes = messages.map((one) => one instanceof Uint8Array ? one : encodeMessage(one));
  const args = ["-c", `${command}; exec cat >/dev/null`, dir.write("messages", concat(bytes))];
  const program = SocketProgram.start({ program: "sh", args, env: {} })!;
  try {
    const fetch = new SessionFetch();
    return tasks.map((wanted) => {
      const source = fetch.begin({
        kind: "session",
        session: 1,
        worker: 0,
        socket: program.socket,
        idleTimeoutMs,
        greetingTimeoutMs: idleTimeoutMs,
        patienceMs: 0,
        stopped: new Int32Array(new SharedArrayBuffer(4)).fill(stopped),
      });
      const bodies = wanted.map((one) => {
        const taken = source.take(one);
        return taken === null || taken === "absent" ? taken : taken.bytes.slice();
      });
      return { bodies, failure: source.failure };
    });
  } finally {
    await program.close();
  }
}

/** What came is what was sent, or nothing. */
function checkRight({ bodies }: Fetched, stored: readonly Stored[]): void {
  strictEqual(bodies.length, stored.length);
  for (const [i, body] of bodies.entries()) {
    if (body !== null && body !== "absent") sameBytes(body, stored[i].bytes);
  }
}

for (const command of ['cat "$0"', 'dd bs=777 <"$0" 2>/dev/null']) {
  test(`all chunks come whole and in order, from task to task: ${command}`, async () => {
    const stored = storedChunks(40);
    const tasks = [stored.slice(0, 25), stored.slice(25)];
    const fetched = await fetchFrom([HELLO, ...stored.map(chunk)], tasks, { command });
    for (const [i, one] of fetched.entries()) {
      strictEqual(one.failure, undefined);
      ok(!one.bodies.includes(null));
      checkRight(one, tasks[i]);
    }
  });
}

test("it is known whether the next chunk is waited for", async () => {
  const stored = storedChunks(2);
  using dir = tempDir();
  const file = dir.write("messages", concat([HELLO, ...stored.map(chunk)].map((one) => encodeMessage(one))));
  const go = dir.path("go");
  const args = ["-c", `while ! [ -e "$1" ]; do sleep 0.01; done; cat "$0"; exec cat >/dev/null`, file, go];
  const program = SocketProgram.start({ program: "sh", args, env: {} })!;
  try {
    const source = new SessionFetch().begin({
      kind: "session",
      session: 1,
      worker: 0,
      socket: program.socket,
      idleTimeoutMs: 10_000,
      greetingTimeoutMs: 10_000,
      patienceMs: 0,
      stopped: new Int32Array(new SharedArrayBuffer(4)),
    });
    strictEqual(source.isHere, false);
    dir.write("go", "");
    while (!source.isHere) await new Promise((resolve) => setTimeout(resolve, 1));
    for (const one of stored) ok(source.take(one) instanceof Object);
    strictEqual(source.isHere, false);
  } finally {
    await program.close();
  }
});

test("what is missing is absent", async () => {
  const stored = storedChunks(30);
  const answers = stored.map((one, i): Message => i % 3 === 0 ? { type: "missing", id: one.id } : chunk(one));
  const [fetched] = await fetchFrom([HELLO, ...answers], [stored]);
  strictEqual(fetched.failure, undefined);
  checkRight(fetched, stored);
  deepStrictEqual(fetched.bodies.map((body) => body === "absent"), stored.map((_, i) => i % 3 === 0));
});

test("a chunk that is larger than the memory for what has come", async () => {
  const large = { id: "ab".repeat(32), size: 3_000_000, bytes: random().bytes(3_000_000) };
  const [small] = storedChunks(1);
  const [fetched] = await fetchFrom([HELLO, chunk(small), chunk(large), chunk(small)], [[
    small,
    large,
    small,
  ]]);
  checkRight(fetched, [small, large, small]);
  ok(!fetched.bodies.includes(null));
});

const [other] = storedChunks(1);
const OTHER: Stored = { ...other, id: "ee".repeat(32) };

/** What may come instead of the tenth answer. */
const UNUSUAL: Readonly<Record<string, Message | Uint8Array<ArrayBuffer>>> = {
  "another chunk": chunk(OTHER),
  "another chunk that is missing": { type: "missing", id: OTHER.id },
  "an abortion": { type: "abort", errorNumber: 5, reason: "no more" },
  "the end": { type: "goodbye" },
  "a greeting": HELLO,
  "a request": { type: "request", highPriority: false, ids: [OTHER.id] },
  "an index": { type: "data", of: "index", bytes: new Uint8Array(9) },
  "what is no message": new TextEncoder().encode("Welcome to this host, stranger"),
  "zeros": new Uint8Array(100),
  "a chunk that is too large": chunk({
    ...OTHER,
    id: "9".padStart(64, "0"),
    bytes: new Uint8Array(3 * SIZE),
  }),
};

for (const [name, message] of Object.entries(UNUSUAL)) {
  test(`${name} ends the session, with nothing wrong in what came before`, async () => {
    const stored = storedChunks(20);
    const answers = [HELLO, ...stored.slice(0, 9).map(chunk), message, ...stored.slice(10).map(chunk)];
    const [fetched, next] = await fetchFrom(answers, [stored, stored.slice(10)]);
    strictEqual(fetched.failure, "unusual");
    deepStrictEqual(fetched.bodies.map((body) => body === null), stored.map((_, i) => i >= 9));
    checkRight(fetched, stored);
    // It does not begin again.
    deepStrictEqual(next, { bodies: Array(10).fill(null), failure: "unusual" });
  });
}

/** What may come instead of a greeting. */
const REFUSALS: Readonly<Record<string, (Message | Uint8Array<ArrayBuffer>)[]>> = {
  "nothing": [],
  "what is no message": [new TextEncoder().encode("Welcome to this host, stranger")],
  "a chunk": [chunk(storedChunks(1)[0])],
  "an abortion": [{ type: "abort", errorNumber: 0, reason: "no" }],
  "a greeting of one who has no store": [{ type: "hello", flags: WANTS_CHUNKS }],
};

for (const [name, messages] of Object.entries(REFUSALS)) {
  test(`${name} instead of a greeting is a refusal`, async () => {
    const stored = storedChunks(2);
    const options = { command: 'cat "$0"; exec 1>&-; exec 0<&-; exit' };
    const [fetched] = await fetchFrom(
      [...messages, ...stored.map(chunk)].slice(0, messages.length),
      [stored],
      options,
    );
    deepStrictEqual(fetched, { bodies: [null, null], failure: "refused" });
  });
}

test("an end within a message", async () => {
  const stored = storedChunks(5);
  const whole = concat([HELLO, ...stored.map(chunk)].map(encodeMessage));
  for (const length of [whole.length - 1, whole.length - stored[4].bytes.length - 50]) {
    const options = { command: 'cat "$0"; exec 1>&-; exec 0<&-; exit' };
    const [fetched] = await fetchFrom([whole.subarray(0, length)], [stored], options);
    strictEqual(fetched.failure, "unusual");
    deepStrictEqual(fetched.bodies.map((body) => body === null), [false, false, false, false, true]);
    checkRight(fetched, stored);
  }
});

test("silence, and bytes that trickle, are waited for no longer than told", async () => {
  const stored = storedChunks(5).map((one) => ({ ...one, bytes: random().bytes(70_000) }));
  for (const after of ["exec cat >/dev/null", "while printf x; do sleep 0.05; done"]) {
    const options = { command: `cat "$0"; ${after}`, idleTimeoutMs: 1000 };
    const messages = [
      HELLO,
      ...stored.slice(0, 3).map(chunk),
      encodeMessage(chunk(stored[3])).subarray(0, 60),
    ];
    const [fetched] = await fetchFrom(messages, [stored], options);
    strictEqual(fetched.failure, "slow");
    deepStrictEqual(fetched.bodies.map((body) => body === null), [false, false, false, true, true]);
  }
  const [silent] = await fetchFrom([], [stored], { idleTimeoutMs: 300 });
  deepStrictEqual(silent, { bodies: Array(5).fill(null), failure: "silent" });
});

test("a program that was stopped and goes on still has its sessions", async () => {
  const stored = storedChunks(5);
  using dir = tempDir();
  const file = dir.write("messages", concat([HELLO, ...stored.map(chunk)].map((one) => encodeMessage(one))));
  // It ends when the directory is removed, whatever becomes of the reader.
  const command = `until [ -e "$0.go" ] || ! [ -e "$0" ]; do sleep 0.01; done; cat "$0"; exec cat >/dev/null`;
  const reader = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "tests/workers/session_reader.ts",
      command,
      file,
      "2000",
      ...stored.map(({ id }) => id),
    ],
    cwd: repository,
    stdout: "piped",
  }).spawn();
  const lines = reader.stdout.pipeThrough(new TextDecoderStream()).getReader();
  strictEqual((await lines.read()).value, "reads\n");
  for (let times = 0; times < 5; times++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    reader.kill("SIGSTOP");
    reader.kill("SIGCONT");
  }
  // Longer than the other end may be silent.
  reader.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 2500));
  reader.kill("SIGCONT");
  dir.write("messages.go", "");
  deepStrictEqual(JSON.parse((await lines.read()).value!), { taken: Array(5).fill(true) });
  strictEqual((await reader.status).code, 0);
  await lines.cancel();
});

test("nothing is waited for once the work is to end", async () => {
  const stored = storedChunks(5);
  const [fetched] = await fetchFrom([HELLO, ...stored.map(chunk)], [stored], { stopped: 1 });
  deepStrictEqual(fetched, { bodies: Array(5).fill(null), failure: "unusual" });
});
