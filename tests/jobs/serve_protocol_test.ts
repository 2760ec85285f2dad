/** The server of the casync protocol, with clients of all kinds. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { concat } from "../../src/core/bytes.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { encodeMessage, type Message, MessageDecoder } from "../../src/formats/protocol.ts";
import { serveChunks } from "../../src/jobs/serve_protocol.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { ProtocolStore } from "../../src/stores/protocol/protocol_store.ts";
import type { ChunkStore, RequestOptions } from "../../src/stores/store.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { type Form, stored } from "../support/made.ts";
import { Random } from "../support/random.ts";
import { sha256, sha512256 } from "../support/sha.ts";

const hello: Message = { type: "hello", flags: 0x40n };
const goodbye: Message = { type: "goodbye" };
const generator = new Random(31);
const content = Array.from({ length: 400 }, () => generator.bytes(1000));
const ids = content.map(sha512256);
const request = (...wanted: string[]): Message => ({ type: "request", highPriority: false, ids: wanted });

async function full(form: Form = "zstd", digest = sha512256): Promise<MemoryStore> {
  const store = new MemoryStore("the store");
  for (const bytes of content) {
    const kind = form === "plain" ? "plain" : "compressed";
    await store.put(asVerified(digest(bytes), { form: kind, bytes: stored(bytes, form) }));
  }
  return store;
}

/** A session with a server, the client's end of it in hand. */
class Session {
  readonly #toServer = new TransformStream<Uint8Array, Uint8Array>({}, { highWaterMark: 1e6 });
  readonly #toClient = new TransformStream<Uint8Array, Uint8Array>();
  readonly #writer = this.#toServer.writable.getWriter();
  readonly reader: ReadableStreamDefaultReader<Uint8Array> = this.#toClient.readable.getReader();
  readonly #decoder = new MessageDecoder();
  readonly problems: string[] = [];
  readonly stop = new AbortController();
  /** The server's end. */
  readonly done: Promise<void>;

  constructor(store: ChunkStore, compress?: (bytes: Uint8Array) => Uint8Array, idleTimeoutMs?: number) {
    this.done = serveChunks(store, this.#toServer.readable, this.#toClient.writable, {
      codec: nativeCodec,
      compress,
      idleTimeoutMs,
      onProblem: (sentence) => this.problems.push(sentence),
      signal: this.stop.signal,
    });
    this.done.catch(() => {});
  }

  send(...what: (Message | Uint8Array)[]): void {
    for (const one of what) {
      this.#writer.write(one instanceof Uint8Array ? one : encodeMessage(one)).catch(() => {});
    }
  }

  end(): void {
    this.#writer.close().catch(() => {});
  }

  async next(): Promise<Message | null> {
    while (true) {
      const message = this.#decoder.next();
      if (message !== null) return message;
      const { value } = await this.reader.read();
      if (value === undefined) return null;
      this.#decoder.push(value);
    }
  }

  /** All messages up to the end. */
  async rest(): Promise<Message[]> {
    const messages: Message[] = [];
    for (let message = await this.next(); message !== null; message = await this.next()) {
      messages.push(message);
    }
    return messages;
  }
}

function answer(i: number, form: Form = "zstd", digest = sha512256): Message {
  const bytes = stored(content[i], form);
  return { type: "chunk", id: digest(content[i]), compressed: form !== "plain", bytes };
}

const absent = sha512256(new Uint8Array(9));
const serverHello: Message = { type: "hello", flags: 1n };

for (const form of ["zstd", "gzip", "plain"] as const) {
  for (const digest of [sha512256, sha256]) {
    Deno.test(`chunks are sent as they are stored: ${form}, ${digest.name}`, async () => {
      const session = new Session(await full(form, digest));
      session.send(hello, request(digest(content[0])), request(absent), goodbye);
      deepStrictEqual(await session.rest(), [
        serverHello,
        answer(0, form, digest),
        { type: "missing", id: absent },
        goodbye,
      ]);
      await session.done;
      deepStrictEqual(session.problems, []);
    });
  }
}

Deno.test("several ids in one request, repeats and missing ones included, are all answered, in order", async () => {
  const session = new Session(await full());
  session.send(hello, request(ids[3], absent, ids[1], ids[3]), request(ids[2]));
  const expected = [answer(3), { type: "missing", id: absent }, answer(1), answer(3), answer(2)];
  deepStrictEqual(await session.next(), serverHello);
  for (const message of expected) deepStrictEqual(await session.next(), message);
  session.end();
  deepStrictEqual(await session.rest(), [goodbye]);
  await session.done;
});

Deno.test("hundreds of requests at once, in one piece, byte by byte, and in one message", async () => {
  const store = await full();
  const expected = [serverHello, ...ids.map((_, i) => answer(i)), goodbye];
  const all = [hello, ...ids.map((id) => request(id)), goodbye].map(encodeMessage);
  const joined = new Uint8Array(await new Blob(all).arrayBuffer());
  const few = joined.subarray(0, encodeMessage(hello).length + 3 * encodeMessage(request(ids[0])).length);
  const ways: [Uint8Array[], Message[]][] = [
    [[joined], expected],
    [all, expected],
    [Array.from(few, (byte) => Uint8Array.of(byte)), [...expected.slice(0, 4), goodbye]],
    [[hello, request(...ids)].map(encodeMessage), expected],
  ];
  for (const [pieces, messages] of ways) {
    const session = new Session(store);
    session.send(...pieces);
    session.end();
    deepStrictEqual(await session.rest(), messages);
    await session.done;
  }
});

Deno.test("the answer does not wait for further requests", async () => {
  const session = new Session(await full());
  session.send(hello);
  deepStrictEqual(await session.next(), serverHello);
  for (let i = 0; i < 5; i++) {
    // The beginning of a second request is no request.
    session.send(request(ids[i]), encodeMessage(request(ids[i + 1])).subarray(0, 20));
    deepStrictEqual(await session.next(), answer(i));
    session.send(encodeMessage(request(ids[i + 1])).subarray(20));
    deepStrictEqual(await session.next(), answer(i + 1));
  }
  session.send(goodbye);
  deepStrictEqual(await session.rest(), [goodbye]);
});

const text = (words: string) => new TextEncoder().encode(words);
const damaged: [name: string, chunk: { form: "plain" | "compressed"; bytes: Uint8Array }, says: RegExp][] = [
  ["other bytes", { form: "plain", bytes: content[1] }, /digest is/],
  ["other bytes, compressed", { form: "compressed", bytes: stored(content[1], "zstd") }, /digest is/],
  ["half of it", { form: "compressed", bytes: stored(content[0], "zstd").slice(0, 500) }, /./],
  ["no compressed bytes", { form: "compressed", bytes: text("nothing of the kind") }, /not compressed/],
  ["nothing, compressed", { form: "compressed", bytes: new Uint8Array(0) }, /empty/],
  ["nothing", { form: "plain", bytes: new Uint8Array(0) }, /digest is/],
];
for (const [name, chunk, says] of damaged) {
  Deno.test(`a damaged chunk (${name}) is missing for the client, and the reason is reported`, async () => {
    const store = await full();
    await store.put(asVerified(ids[0], chunk));
    const session = new Session(store);
    session.send(hello, request(ids[0], ids[1]), goodbye);
    deepStrictEqual(await session.rest(), [serverHello, { type: "missing", id: ids[0] }, answer(1), goodbye]);
    await session.done;
    strictEqual(session.problems.length, 1);
    ok(
      session.problems[0].includes(ids[0]) && session.problems[0].includes("the store"),
      session.problems[0],
    );
    ok(says.test(session.problems[0]), session.problems[0]);
  });
}

Deno.test("the protocol has no form for the empty chunk, so it is missing", async () => {
  const id = sha512256(new Uint8Array(0));
  const store = new MemoryStore("the store");
  await store.put(asVerified(id, { form: "plain", bytes: new Uint8Array(0) }));
  const session = new Session(store);
  session.send(hello, request(id), goodbye);
  deepStrictEqual(await session.rest(), [serverHello, { type: "missing", id }, goodbye]);
});

Deno.test("plain chunks are compressed on request; the others are sent as they are stored", async () => {
  const store = await full("plain");
  await store.put(asVerified(ids[1], { form: "compressed", bytes: stored(content[1], "gzip") }));
  const session = new Session(store, (bytes) => stored(bytes, "zstd"));
  session.send(hello, request(ids[0], ids[1]), goodbye);
  deepStrictEqual(await session.rest(), [serverHello, answer(0, "zstd"), answer(1, "gzip"), goodbye]);
});

Deno.test("what no message can hold is missing, unless compressing makes it fit", async () => {
  const large = new Uint8Array(16 * 1024 * 1024 - 40);
  const id = sha512256(large);
  const store = new MemoryStore("the store");
  await store.put(asVerified(id, { form: "plain", bytes: large }));
  const compressing = new Session(store, (bytes) => stored(bytes, "zstd"));
  compressing.send(hello, request(id), goodbye);
  strictEqual((await compressing.rest())[1].type, "chunk");
  const session = new Session(store);
  session.send(hello, request(id), goodbye);
  deepStrictEqual(await session.rest(), [serverHello, { type: "missing", id }, goodbye]);
  ok(/16777176 bytes, more than a message/.test(session.problems[0]), session.problems[0]);
});

/** A store that counts what it is asked for and, where told so, fails or never answers. */
class CountingStore implements ChunkStore {
  readonly properties = { location: "the store", probe: "cheap" } as const;
  asked = 0;
  readonly #store: ChunkStore;
  readonly #answer: (id: string, signal?: AbortSignal) => Promise<undefined>;

  constructor(store: ChunkStore, answer: (id: string, signal?: AbortSignal) => Promise<undefined>) {
    this.#store = store;
    this.#answer = answer;
  }

  async get(id: string, { signal }: RequestOptions = {}) {
    this.asked++;
    return await this.#answer(id, signal) ?? await this.#store.get(id);
  }

  has(id: string): Promise<boolean> {
    return this.#store.has(id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

const atOnce = () => Promise.resolve(undefined);

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

Deno.test("a client that sends its message too slowly, or none, ends the session", async () => {
  for (const [sent, more] of [[0, 0], [10, 0], [24 + 30, 1]]) {
    const session = new Session(await full(), undefined, 300);
    session.send(concat([encodeMessage(hello), encodeMessage(request(ids[0]))]).subarray(0, sent));
    const timer = setInterval(() => session.send(new Uint8Array(more)), 50); // 20 bytes a second
    await Promise.all([
      rejects(session.done, { code: "timeout", message: /does not go on with its message/ }),
      session.rest().catch(() => {}),
    ]);
    clearInterval(timer);
  }
});

Deno.test("a client that reads nothing ends the session", async () => {
  const session = new Session(await full(), undefined, 50);
  session.send(hello, request(ids[0]));
  await rejects(session.done, {
    code: "timeout",
    message: /does not take its answers \(no answer for 0\.05/,
  });
});

Deno.test("a client may pause between requests, and for a while in reading responses", async () => {
  const session = new Session(await full(), undefined, 200);
  session.send(hello);
  deepStrictEqual(await session.next(), serverHello);
  await new Promise((resolve) => setTimeout(resolve, 700));
  session.send(request(ids[0]));
  await new Promise((resolve) => setTimeout(resolve, 500)); // 1000 bytes may take 10 seconds
  deepStrictEqual(await session.next(), answer(0));
  session.end();
  await session.rest();
  await session.done;
});

for (const how of ["one message", "many messages"]) {
  Deno.test(`a client that requests in ${how} and does not read: little is fetched for it`, async () => {
    const store = new CountingStore(await full(), atOnce);
    const session = new Session(store);
    session.send(hello);
    deepStrictEqual(await session.next(), serverHello);
    if (how === "one message") session.send(request(...ids));
    else for (const id of ids) session.send(request(id));
    await settled();
    ok(store.asked > 0 && store.asked <= 40, `${store.asked} chunks were fetched`);
    for (let i = 0; i < ids.length; i++) deepStrictEqual(await session.next(), answer(i));
    strictEqual(store.asked, ids.length);
    session.end();
    await session.rest();
    await session.done;
  });
}

Deno.test("a signal ends it, even when the client does not read or the store does not answer", async () => {
  const never = () => new Promise<undefined>(() => {});
  for (const respond of [atOnce, never]) {
    const store = new CountingStore(await full(), respond);
    const session = new Session(store);
    session.send(hello, request(...ids));
    await settled();
    session.stop.abort();
    await session.done;
    await session.reader.cancel().catch(() => {});
  }
  const idle = new Session(await full());
  idle.send(hello);
  await idle.next();
  idle.stop.abort();
  await idle.done;
});

const garbage: [name: string, sent: (Message | Uint8Array)[], says: RegExp][] = [
  ["text", [text("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")], /does not speak the casync protocol/],
  ["text after the greeting", [hello, text("GET / HTTP/1.1\r\n\r\n")], /does not speak the casync protocol/],
  ["a request without a greeting", [request(ids[0])], /began with request/],
  ["a chunk", [hello, answer(0)], /sent chunk, not a request/],
  ["a second greeting", [hello, hello], /sent hello, not a request/],
  ["the wish to push", [{ type: "hello", flags: 0x200n }], /something else than chunks/],
  ["a message that is too large", [hello, new Uint8Array(16).fill(0xff)], /casync protocol/],
];
for (const [name, sent, says] of garbage) {
  Deno.test(`a client that sends ${name} gets the reason why the session ends`, async () => {
    const session = new Session(await full());
    session.send(...sent);
    const last = (await session.rest()).at(-1);
    ok(last?.type === "abort", JSON.stringify(last));
    ok(says.test(last.reason), last.reason);
    await rejects(session.done, { code: "protocol", message: says });
  });
}

Deno.test("requests before the garbage are answered, or the session ends, never anything else", async () => {
  const session = new Session(await full());
  session.send(hello, request(ids[0]), text("garbage, and enough of it"));
  const messages = await session.rest();
  deepStrictEqual(messages[0], serverHello);
  strictEqual(messages.at(-1)?.type, "abort");
  for (const message of messages.slice(1, -1)) deepStrictEqual(message, answer(0));
});

Deno.test("a store that fails ends the session with the reason; MISSING would be wrong", async () => {
  const failing = (id: string) =>
    id === ids[1] ? Promise.reject(new DesyncError("store", { reason: "The store is on fire" })) : atOnce();
  const session = new Session(new CountingStore(await full(), failing));
  session.send(hello, request(ids[0], ids[1], ids[2]));
  deepStrictEqual(await session.rest(), [
    serverHello,
    answer(0),
    { type: "abort", errorNumber: 0, reason: "The store is on fire" },
  ]);
  await rejects(session.done, { code: "store" });
});

Deno.test("an unexpected error ends the session with the reason, and is an error here too", async () => {
  const session = new Session(await full("plain"), () => {
    throw new RangeError("no memory is left");
  });
  session.send(hello, request(ids[0]), goodbye);
  deepStrictEqual(await session.rest(), [
    serverHello,
    { type: "abort", errorNumber: 0, reason: "no memory is left" },
  ]);
  await rejects(session.done, RangeError);
});

Deno.test("an input that breaks ends it, and the output with it", async () => {
  const input = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encodeMessage(hello));
    },
    pull(controller) {
      controller.error(new Deno.errors.ConnectionReset("the line was cut"));
    },
  });
  let ended = "";
  const output = new WritableStream<Uint8Array>({
    close: () => void (ended = "closed"),
    abort: () => void (ended = "aborted"),
  });
  await serveChunks(await full(), input, output, { codec: nativeCodec, onProblem: () => {} });
  strictEqual(ended, "aborted");
});

Deno.test("the end of input, also within a message or before the greeting, and ABORT end the session without an error", async () => {
  const ends: (Message | Uint8Array)[][] = [
    [],
    [hello],
    [encodeMessage(hello).subarray(0, 10)],
    [hello, encodeMessage(request(ids[0])).subarray(0, 30)],
    [hello, { type: "abort", errorNumber: 4, reason: "enough" }],
  ];
  for (const sent of ends) {
    const session = new Session(await full());
    session.send(...sent);
    session.end();
    deepStrictEqual(await session.rest(), [serverHello, goodbye]);
    await session.done;
  }
});

Deno.test("a client that disconnects ends the session", async () => {
  const session = new Session(await full());
  session.send(hello, request(...ids));
  await session.next();
  await session.reader.cancel();
  await session.done;
});

Deno.test("our client and our server, several sessions: every chunk as it is stored", async () => {
  const behind = await full("gzip");
  const servers: Promise<void>[] = [];
  const store = new ProtocolStore({
    location: "ssh://host/store",
    idleTimeoutMs: 60_000,
    maxSessions: 3,
    connect: () => {
      const [up, down] = [
        new TransformStream<Uint8Array, Uint8Array>(),
        new TransformStream<Uint8Array, Uint8Array>(),
      ];
      const options = { codec: nativeCodec, onProblem: () => {} };
      const server = serveChunks(behind, up.readable, down.writable, options);
      servers.push(server);
      return {
        readable: down.readable,
        writable: up.writable,
        diagnose: () => Promise.resolve(""),
        close: () => server,
      };
    },
  });
  for (let round = 0; round < 3; round++) {
    const given = await Promise.all([...ids, absent].map((id) => store.get(id)));
    strictEqual(given.pop(), null);
    for (const [i, chunk] of given.entries()) {
      deepStrictEqual(chunk, { form: "compressed", bytes: stored(content[i], "gzip") });
    }
  }
  strictEqual(servers.length, 3);
  await store[Symbol.asyncDispose]();
  await Promise.all(servers);
});
