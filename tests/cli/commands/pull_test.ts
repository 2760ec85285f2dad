/** pull as a program: what it writes where, and how it ends. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concat } from "../../../src/core/bytes.ts";
import { encodeMessage, type Message, MessageDecoder } from "../../../src/formats/protocol.ts";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { type Made, makeBlob, stored } from "../../support/made.ts";
import { startNginx } from "../../support/servers/nginx.ts";
import { peers } from "../../support/peers.ts";
import { Random } from "../../support/random.ts";
import { sha512256 } from "../../support/sha.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const hello: Message = { type: "hello", flags: 0x40n };
const serverHello: Message = { type: "hello", flags: 1n };
const goodbye: Message = { type: "goodbye" };
const absent = sha512256(new Uint8Array(77));
const request = (...ids: string[]): Message => ({ type: "request", highPriority: false, ids });

const pieces = Array.from({ length: 20 }, (_, i) => new Random(i).bytes(3000));
function madeIn(dir: TempDir): Made {
  return makeBlob(dir, pieces);
}
const chunk = (made: Made, i: number): Message => ({
  type: "chunk",
  id: made.ids[i],
  compressed: true,
  bytes: stored(pieces[i], "zstd"),
});

/** The messages that the bytes are; nothing else may be there. */
function decoded(bytes: Uint8Array): Message[] {
  const decoder = new MessageDecoder();
  decoder.push(bytes);
  const messages: Message[] = [];
  for (let message = decoder.next(); message !== null; message = decoder.next()) messages.push(message);
  strictEqual(decoder.pending, 0);
  return messages;
}

/** Sends the messages, closes the input, and waits for the end. */
async function pull(store: string | string[], ...sent: (Message | Uint8Array)[]) {
  const stdin = concat(sent.map((one) => one instanceof Uint8Array ? one : encodeMessage(one)));
  return await runCli(["pull", "-", "-", "-"].concat(store), { stdin });
}

Deno.test({
  name: "the store may have any name, also one that means a group in other commands",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, pieces, { name: "a|b" });
    const result = await pull(made.store, hello, request(made.ids[0]), goodbye);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    deepStrictEqual(decoded(result.stdoutBytes), [serverHello, chunk(made, 0), goodbye]);
  },
});

Deno.test("pull serves chunks, several per request, and reports missing ones; GOODBYE and the end of input are status 0", async () => {
  using dir = tempDir();
  const made = madeIn(dir);
  const before = contentOf(dir.root);
  for (const last of [[goodbye], []]) {
    const ids = [...made.ids, absent, made.ids[0]];
    const result = await pull(
      made.store,
      hello,
      request(...ids.slice(0, 5)),
      request(...ids.slice(5)),
      ...last,
    );
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    deepStrictEqual(decoded(result.stdoutBytes), [
      serverHello,
      ...pieces.map((_, i) => chunk(made, i)),
      { type: "missing", id: absent },
      chunk(made, 0),
      goodbye,
    ]);
  }
  deepStrictEqual(contentOf(dir.root), before);
});

Deno.test("chunks are sent as they lie there, since every client verifies them; one that is empty cannot be", async () => {
  using dir = tempDir();
  const made = madeIn(dir);
  Deno.copyFileSync(made.chunk(1), made.chunk(0));
  Deno.truncateSync(made.chunk(2), 0);
  const result = await pull(made.store, hello, request(...made.ids.slice(0, 3)), goodbye);
  deepStrictEqual(decoded(result.stdoutBytes), [
    serverHello,
    { ...chunk(made, 1), id: made.ids[0] },
    chunk(made, 1),
    { type: "missing", id: made.ids[2] },
    goodbye,
  ]);
  ok(result.stderr.startsWith(`desync: Chunk ${made.ids[2]} in ${made.store} is invalid: `), result.stderr);
});

Deno.test("an invalid chunk counts as missing and is reported on stderr; stdout has only the protocol", async () => {
  using dir = tempDir();
  const made = madeIn(dir);
  Deno.copyFileSync(made.chunk(1), made.chunk(0));
  Deno.truncateSync(made.chunk(2), 100);
  const { code, stderr, stdoutBytes } = await pull(
    [made.store, "--skip-verify-read=false"],
    hello,
    request(...made.ids.slice(0, 4)),
    goodbye,
  );
  strictEqual(code, 0);
  deepStrictEqual(decoded(stdoutBytes), [
    serverHello,
    { type: "missing", id: made.ids[0] },
    chunk(made, 1),
    { type: "missing", id: made.ids[2] },
    chunk(made, 3),
    goodbye,
  ]);
  const lines = stderr.trimEnd().split("\n");
  strictEqual(lines.length, 2, stderr);
  ok(lines[0].startsWith(`desync: Chunk ${made.ids[0]} in ${made.store} is invalid: its `), stderr);
  ok(lines[1].startsWith(`desync: Chunk ${made.ids[2]} in ${made.store} is invalid: its `), stderr);
});

Deno.test({
  name: "a web server that fails ends the session, since MISSING would be wrong",
  ignore: !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    const made = madeIn(dir);
    await using web = await startNginx(made.store);
    // A client might choose it.
    const refused = await pull(web.url, hello, request(made.ids[0]), goodbye);
    assertFails(refused, 2, web.url, "--allow-url");
    deepStrictEqual([refused.stdout, await web.requests()], ["", []]);
    const result = await pull([web.url, "--allow-url"], hello, request(made.ids[0], absent), goodbye);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    deepStrictEqual(decoded(result.stdoutBytes), [
      serverHello,
      chunk(made, 0),
      { type: "missing", id: absent },
      goodbye,
    ]);
    await web[Symbol.asyncDispose]();
    const args = ["pull", "-e", "0", "--allow-url", "-", "-", "-", web.url];
    const stdin = concat([hello, request(made.ids[0])].map(encodeMessage));
    const gone = await runCli(args, { stdin });
    assertFails(gone, 1, web.url.slice(0, -1));
    const [, abort, ...more] = decoded(gone.stdoutBytes);
    ok(abort.type === "abort" && abort.reason.includes(web.url), JSON.stringify(abort));
    deepStrictEqual(more, []);
  },
});

const garbage: [name: string, sent: (Message | Uint8Array)[]][] = [
  ["text", [new TextEncoder().encode("SSH-2.0-something\r\n")]],
  ["a request first", [request(absent)]],
  ["a chunk", [hello, { type: "chunk", id: absent, compressed: false, bytes: pieces[0] }]],
  ["a size beyond all bounds", [hello, new Uint8Array(16).fill(255)]],
];
for (const [name, sent] of garbage) {
  Deno.test(`a client that sends ${name}: ABORT with the reason, and status 1`, async () => {
    using dir = tempDir();
    const result = await pull(madeIn(dir).store, ...sent);
    assertFails(result, 1);
    const [first, last, ...more] = decoded(result.stdoutBytes);
    deepStrictEqual([first, more], [serverHello, []]);
    ok(last.type === "abort" && result.stderr.includes(last.reason), JSON.stringify(last));
  });
}

Deno.test("a store that cannot be served is reported before the greeting", async () => {
  using dir = tempDir();
  const missing = await pull(dir.path("no-store"), hello, goodbye);
  assertFails(missing, 1, "no-store");
  strictEqual(missing.stdout, "");
  for (const words of [["a.caibx", "-", "-"], ["-", "-", "x"], ["-", "-"]]) {
    const result = await runCli(["pull", ...words, dir.root]);
    strictEqual(result.code, 2, result.stderr);
    strictEqual(result.stdout, "");
  }
});

/** The program, with pipes that the test reads from and writes to. */
class Running implements AsyncDisposable {
  readonly child: Deno.ChildProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #stderr: Promise<string>;

  constructor(store: string, ...more: string[]) {
    const [program, ...args] = cliCommand;
    this.child = new Deno.Command(program, {
      args: [...args, "pull", "-", "-", "-", store, ...more],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.writer = this.child.stdin.getWriter();
    this.reader = this.child.stdout.getReader();
    this.#stderr = new Response(this.child.stderr).text();
  }

  /** Its first message. */
  async greeting(): Promise<Message | null> {
    const decoder = new MessageDecoder();
    for (let message = decoder.next();; message = decoder.next()) {
      if (message !== null) return message;
      const { value } = await this.reader.read();
      if (value === undefined) return null;
      decoder.push(value);
    }
  }

  /** Its exit status and what it said. */
  async end(): Promise<[number, string]> {
    const { code } = await this.child.status;
    return [code, await this.#stderr];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.child.status;
    await this.#stderr;
    await this.reader.cancel();
    await this.writer.abort().catch(() => {});
  }
}

const signals = Deno.build.os !== "windows";

Deno.test({
  name: "SIGTERM ends pull with status 0 while it waits and while its output is not read",
  ignore: !signals,
  fn: async () => {
    using dir = tempDir();
    // More than fits into a pipe.
    const made = makeBlob(dir, Array.from({ length: 20 }, (_, i) => new Random(i).bytes(60_000)));
    for (const asked of [[], [request(...made.ids)]]) {
      await using running = new Running(made.store);
      await running.writer.write(concat([hello, ...asked].map(encodeMessage)));
      deepStrictEqual(await running.greeting(), serverHello);
      running.child.kill("SIGTERM");
      const [code, stderr] = await running.end();
      strictEqual(code, 0);
      strictEqual(stderr.trim(), "desync: stopping");
      deepStrictEqual(filesIn(made.store).length, 20);
    }
  },
});

Deno.test({
  name: "SIGTERM ends pull with status 0 while a web server does not answer",
  ignore: !signals,
  fn: async () => {
    using dir = tempDir();
    const made = madeIn(dir);
    const asked = Promise.withResolvers<void>();
    await using web = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      asked.resolve();
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      return new Response();
    });
    await using running = new Running(`http://127.0.0.1:${web.addr.port}/`, "--allow-url");
    await running.writer.write(concat([hello, request(...made.ids)].map(encodeMessage)));
    await asked.promise;
    running.child.kill("SIGTERM");
    strictEqual((await running.end())[0], 0);
  },
});

Deno.test("a session fails after --timeout if the client is silent within a message", async () => {
  using dir = tempDir();
  const made = madeIn(dir);
  await using running = new Running(made.store, "--timeout", "200ms");
  await running.writer.write(concat([hello, request(made.ids[0])].map(encodeMessage)).subarray(0, 50));
  const [code, stderr] = await running.end();
  strictEqual(code, 1);
  ok(/does not go on with its message \(no answer for 0\.2 seconds\)/.test(stderr), stderr);
});

Deno.test("a client that disconnects during a response leaves no process behind", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, Array.from({ length: 20 }, (_, i) => new Random(i).bytes(60_000)));
  await using running = new Running(made.store);
  await running.writer.write(concat([hello, request(...made.ids)].map(encodeMessage)));
  await running.greeting();
  await running.reader.cancel();
  strictEqual((await running.end())[0], 0);
});
