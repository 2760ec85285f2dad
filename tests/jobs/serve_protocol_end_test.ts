/** How sessions end: by clients that are slow, silent or wrong, by stores that fail, and by a signal. */

import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { concat } from "../../src/core/bytes.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { encodeMessage, type Message } from "../../src/formats/protocol.ts";
import { serveChunks } from "../../src/jobs/serve_protocol.ts";
import type { ChunkStore, RequestOptions } from "../../src/stores/store.ts";
import {
  answer,
  full,
  goodbye,
  hello,
  ids,
  request,
  serverHello,
  Session,
  text,
} from "./protocol_session.ts";

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
