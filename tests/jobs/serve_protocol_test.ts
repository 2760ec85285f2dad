/** The server of the casync protocol, with clients of all kinds. */

import { deepStrictEqual, fail, ok, strictEqual } from "node:assert/strict";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { concat } from "../../src/core/bytes.ts";
import { encodeMessage, type Message, MessageDecoder } from "../../src/formats/protocol.ts";
import { type AnswerOutput, serveChunks, serveInto } from "../../src/jobs/serve_protocol.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import type { ChunkStore } from "../../src/stores/store.ts";
import { ProtocolStore } from "../../src/stores/protocol/protocol_store.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { stored } from "../support/made.ts";
import { sha256, sha512256 } from "../support/sha.ts";
import {
  absent,
  answer,
  content,
  full,
  generator,
  goodbye,
  hello,
  ids,
  request,
  serverHello,
  Session,
  text,
} from "./protocol_session.ts";

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

Deno.test("an output that keeps nothing gets chunks as they were read, whose memory is free afterwards", async () => {
  const ofOne = generator.bytes(70_000);
  const buffer = generator.bytes(90_000);
  const [whole, part] = [ofOne.slice(), buffer.subarray(10_000, 80_000)];
  const given = new Map([[ids[0], whole], [ids[1], part]]);
  const store: ChunkStore = {
    properties: { location: "the store", probe: "cheap", directory: "/of/this/machine" },
    get: (id) => Promise.resolve({ form: "compressed", bytes: given.get(id)! }),
    has: () => Promise.resolve(true),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const decoder = new MessageDecoder();
  const seen: Uint8Array[] = [];
  const output: AnswerOutput = {
    write: (pieces) => {
      seen.push(...pieces);
      return Promise.resolve(decoder.push(concat(pieces)));
    },
    close: () => Promise.resolve(),
    abort: () => Promise.resolve(),
  };
  const input = new Blob([hello, request(ids[0], ids[1]), goodbye].map(encodeMessage)).stream();
  const expected = part.slice();
  await serveInto(store, input, output, { codec: nativeCodec, onProblem: fail });
  const messages = Array.from({ length: 4 }, () => decoder.next());
  const chunk = (i: number, bytes: Uint8Array) => ({ type: "chunk", id: ids[i], compressed: true, bytes });
  deepStrictEqual(messages, [serverHello, chunk(0, ofOne), chunk(1, expected), goodbye]);
  strictEqual(decoder.pending, 0);
  ok(seen.some((piece) => piece.buffer === buffer.buffer), "they were copied");
  deepStrictEqual([whole.length, part.length, buffer.length], [0, 70_000, 90_000]);
});
