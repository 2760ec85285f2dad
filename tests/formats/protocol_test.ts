import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { concat, fromHex } from "../../src/core/bytes.ts";
import { DesyncError } from "../../src/core/errors.ts";
import {
  CHUNK_OVERHEAD,
  encodeMessage,
  MAX_MESSAGE_BYTES,
  type Message,
  MessageDecoder,
} from "../../src/formats/protocol.ts";
import { Random, random } from "../support/random.ts";
import { sha512256 } from "../support/sha.ts";

const [id, other] = ["a", "b"].map((text) => sha512256(new TextEncoder().encode(text)));
const content = new Random(21).bytes(300);

/** The types' numbers, from the format's description. */
const TYPES = {
  hello: 0x3c71d0948ca5fbeen,
  request: 0x8ab427e0f89d9210n,
  chunk: 0x5213dd180a84bc8cn,
  missing: 0xd010f9fac82b7b6cn,
  goodbye: 0xad205dbf1a3686c3n,
  abort: 0xe7d9136b7efea352n,
  index: 0xb32a91dd2b3e27f8n,
  indexEof: 0x4f0932f1043718f5n,
  archive: 0x95d6428a69eddcc5n,
  archiveEof: 0x450bef663f24cbadn,
};

/** A message written by the test itself. */
function raw(type: bigint, body: Uint8Array = new Uint8Array(0), size: bigint | number = 16 + body.length) {
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(size), true);
  view.setBigUint64(8, type, true);
  bytes.set(body, 16);
  return bytes;
}

function u64(value: bigint | number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

const text = (words: string) => new TextEncoder().encode(words);

/** Every kind of message, and the bytes that it has to be. */
const messages: [name: string, message: Message, bytes: Uint8Array][] = [
  ["hello", { type: "hello", flags: 0x40n }, raw(TYPES.hello, u64(0x40))],
  ["hello, all flags", { type: "hello", flags: (1n << 64n) - 1n }, raw(TYPES.hello, u64((1n << 64n) - 1n))],
  [
    "request",
    { type: "request", highPriority: false, ids: [id] },
    raw(TYPES.request, concat([u64(0), fromHex(id)])),
  ],
  [
    "request for several",
    { type: "request", highPriority: true, ids: [id, other, id] },
    raw(TYPES.request, concat([u64(1), fromHex(id), fromHex(other), fromHex(id)])),
  ],
  [
    "chunk",
    { type: "chunk", id, compressed: true, bytes: content },
    raw(TYPES.chunk, concat([u64(1), fromHex(id), content])),
  ],
  [
    "plain chunk of a byte",
    { type: "chunk", id: other, compressed: false, bytes: content.slice(0, 1) },
    raw(TYPES.chunk, concat([u64(0), fromHex(other), content.subarray(0, 1)])),
  ],
  ["missing", { type: "missing", id }, raw(TYPES.missing, fromHex(id))],
  ["goodbye", { type: "goodbye" }, raw(TYPES.goodbye)],
  [
    "abort",
    { type: "abort", errorNumber: 2, reason: "no such störe" },
    raw(TYPES.abort, concat([u64(2), text("no such störe\0")])),
  ],
  [
    "abort, no reason",
    { type: "abort", errorNumber: 0, reason: "" },
    raw(TYPES.abort, concat([u64(0), text("\0")])),
  ],
  ["index", { type: "data", of: "index", bytes: content }, raw(TYPES.index, content)],
  ["end of index", { type: "data-end", of: "index" }, raw(TYPES.indexEof)],
  ["archive", { type: "data", of: "archive", bytes: content }, raw(TYPES.archive, content)],
  ["end of archive", { type: "data-end", of: "archive" }, raw(TYPES.archiveEof)],
];

/** What the decoder makes of the pieces. */
function decoded(pieces: Iterable<Uint8Array>): Message[] {
  const decoder = new MessageDecoder();
  const found: Message[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let message = decoder.next(); message !== null; message = decoder.next()) found.push(message);
  }
  strictEqual(decoder.pending, 0);
  return found;
}

function refused(reason: RegExp) {
  return (error: unknown) => {
    ok(error instanceof DesyncError && error.code === "protocol", String(error));
    ok(reason.test(error.message), error.message);
    return true;
  };
}

for (const [name, message, bytes] of messages) {
  Deno.test(`${name}: written and read as the format defines, cut at every byte`, () => {
    deepStrictEqual(encodeMessage(message), bytes);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const decoder = new MessageDecoder();
      decoder.push(bytes.slice(0, cut));
      if (cut < bytes.length) {
        strictEqual(decoder.next(), null, `${cut} bytes`);
        strictEqual(decoder.pending, cut);
        decoder.push(bytes.slice(cut));
      }
      deepStrictEqual(decoder.next(), message, `${cut} bytes`);
      strictEqual(decoder.next(), null);
    }
  });
}

Deno.test("many messages: joined, a byte at a time, and cut anywhere", () => {
  const all = concat(messages.map(([, , bytes]) => bytes));
  const expected = messages.map(([, message]) => message);
  deepStrictEqual(decoded([all]), expected);
  deepStrictEqual(decoded(Array.from(all, (byte) => Uint8Array.of(byte))), expected);
  deepStrictEqual(decoded([new Uint8Array(0), all, new Uint8Array(0)]), expected);
  for (let cut = 1; cut < all.length; cut++) {
    deepStrictEqual(decoded([all.subarray(0, cut), all.subarray(cut)]), expected, `cut at ${cut}`);
  }
});

Deno.test("a chunk's bytes stay what they are when more comes, and share no memory with the next message's", () => {
  const decoder = new MessageDecoder();
  const message = (fill: number) =>
    encodeMessage({ type: "chunk", id, compressed: false, bytes: new Uint8Array(50).fill(fill) });
  decoder.push(concat([message(1), message(2)]));
  const [first, second] = [decoder.next(), decoder.next()];
  ok(first?.type === "chunk" && second?.type === "chunk");
  first.bytes.fill(9);
  ok(first.bytes.buffer instanceof ArrayBuffer);
  first.bytes.buffer.transfer(0);
  deepStrictEqual(second.bytes, new Uint8Array(50).fill(2));
});

Deno.test("the memory of a piece may be used again once there is no next message", () => {
  const decoder = new MessageDecoder();
  const sent = [1, 2, 3].map((fill): Message => (
    { type: "chunk", id, compressed: true, bytes: new Uint8Array(100).fill(fill) }
  ));
  const all = concat(sent.map(encodeMessage));
  for (const size of [1, 15, 70, 170, 400]) {
    const memory = new Uint8Array(size);
    const received: (Message | null)[] = [];
    for (let at = 0; at < all.length; at += size) {
      const piece = all.subarray(at, at + size);
      memory.set(piece);
      decoder.push(memory.subarray(0, piece.length));
      for (let next = decoder.next(); next !== null; next = decoder.next()) received.push(next);
    }
    deepStrictEqual(received, sent, `pieces of ${size} bytes`);
    strictEqual(decoder.pending, 0);
  }
});

const types = Object.entries(TYPES);
const sizes: [name: string, size: bigint][] = [
  ["0", 0n],
  ["1", 1n],
  ["15", 15n],
  ["16 MiB + 1", 16n * 1024n * 1024n + 1n],
  ["2^32 + 16", (1n << 32n) + 16n],
  ["2^53", 1n << 53n],
  ["2^63", 1n << 63n],
  ["2^64 - 1", (1n << 64n) - 1n],
];
for (const [name, size] of sizes) {
  Deno.test(`a message of ${name} bytes is refused as soon as its header is there`, () => {
    for (const [, type] of types) {
      for (const body of [0, 24, 5000]) {
        const decoder = new MessageDecoder();
        decoder.push(raw(type, new Uint8Array(body), size));
        throws(() => decoder.next(), refused(/sent a message [A-Z_]+ of/));
      }
    }
  });
}

Deno.test("messages that have one size, and chunks that are too large, are refused when the header is there", () => {
  for (const type of [TYPES.hello, TYPES.missing, TYPES.goodbye]) {
    const decoder = new MessageDecoder();
    decoder.push(raw(type, new Uint8Array(0), 1_000_000n));
    throws(() => decoder.next(), refused(/message [A-Z_]+ of 1000000 bytes/));
  }
  const decoder = new MessageDecoder({ maxChunkBytes: 100 });
  decoder.push(encodeMessage({ type: "chunk", id, compressed: true, bytes: new Uint8Array(100) }));
  ok(decoder.next()?.type === "chunk");
  decoder.push(
    encodeMessage({ type: "chunk", id, compressed: true, bytes: new Uint8Array(101) }).subarray(0, 16),
  );
  throws(() => decoder.next(), refused(/a chunk of 101 bytes, larger than the limit of 100/));
});

Deno.test("unknown types are refused as soon as the header is there, and are named", () => {
  for (const type of [0n, 1n, TYPES.hello + 1n, TYPES.chunk ^ (1n << 63n), (1n << 64n) - 1n]) {
    const decoder = new MessageDecoder();
    decoder.push(raw(type, new Uint8Array(0), 100));
    throws(() => decoder.next(), refused(new RegExp(`unknown type 0x${type.toString(16)}$`)));
  }
});

const malformed: [name: string, type: bigint, body: Uint8Array][] = [
  ["HELLO without flags", TYPES.hello, new Uint8Array(0)],
  ["HELLO with 7 bytes", TYPES.hello, new Uint8Array(7)],
  ["HELLO with 9 bytes", TYPES.hello, new Uint8Array(9)],
  ["REQUEST without flags", TYPES.request, new Uint8Array(0)],
  ["REQUEST without ids", TYPES.request, new Uint8Array(8)],
  ["REQUEST with half an id", TYPES.request, new Uint8Array(8 + 16)],
  ["REQUEST with an id and a byte", TYPES.request, new Uint8Array(8 + 33)],
  ["CHUNK without an id", TYPES.chunk, new Uint8Array(8)],
  ["CHUNK with half an id", TYPES.chunk, new Uint8Array(39)],
  ["CHUNK without data", TYPES.chunk, new Uint8Array(40)],
  ["MISSING without an id", TYPES.missing, new Uint8Array(0)],
  ["MISSING with flags", TYPES.missing, new Uint8Array(40)],
  ["GOODBYE with a body", TYPES.goodbye, new Uint8Array(1)],
  ["ABORT without a reason", TYPES.abort, new Uint8Array(8)],
  ["ABORT with less than a number", TYPES.abort, new Uint8Array(7)],
  ["ABORT without the last zero", TYPES.abort, concat([u64(0), text("no")])],
  ["INDEX_EOF with a body", TYPES.indexEof, new Uint8Array(8)],
  ["ARCHIVE_EOF with a body", TYPES.archiveEof, new Uint8Array(8)],
];
for (const [name, type, body] of malformed) {
  Deno.test(`${name} is refused`, () => {
    const decoder = new MessageDecoder();
    decoder.push(raw(type, body));
    throws(
      () => decoder.next(),
      refused(new RegExp(`a message ${name.split(" ")[0]} of ${16 + body.length} bytes`)),
    );
  });
}

Deno.test("an error number beyond 2^53 in ABORT is not known, its reason is", () => {
  const [message] = decoded([raw(TYPES.abort, concat([u64((1n << 64n) - 1n), text("why\0")]))]);
  deepStrictEqual(message, { type: "abort", errorNumber: 0, reason: "why" });
});

Deno.test("the largest message passes, a larger one is not made", () => {
  const bytes = new Uint8Array(MAX_MESSAGE_BYTES - CHUNK_OVERHEAD);
  bytes[bytes.length - 1] = 7;
  const [message] = decoded([encodeMessage({ type: "chunk", id, compressed: false, bytes })]);
  ok(message.type === "chunk" && message.bytes.length === bytes.length && message.bytes.at(-1) === 7);
  const larger = new Uint8Array(bytes.length + 1);
  throws(() => encodeMessage({ type: "chunk", id, compressed: false, bytes: larger }), { code: "usage" });
});

Deno.test("a reason cannot end itself", () => {
  const [message] = decoded([encodeMessage({ type: "abort", errorNumber: 5, reason: "a\0b\0" })]);
  deepStrictEqual(message, { type: "abort", errorNumber: 5, reason: "ab" });
});

Deno.test("random bytes, and messages with some bytes changed, are messages or refused, never anything else", () => {
  const generator = random();
  for (let round = 0; round < 3000; round++) {
    const [, , bytes] = messages[generator.below(messages.length)];
    const changed = generator.below(4) === 0 ? generator.bytes(generator.below(60)) : bytes.slice();
    for (let i = generator.below(4); i > 0 && changed.length > 0; i--) {
      changed[generator.below(changed.length)] = generator.below(256);
    }
    const found: Message[] = [];
    const decoder = new MessageDecoder();
    try {
      for (let at = 0; at < changed.length;) {
        const length = 1 + generator.below(40);
        decoder.push(changed.subarray(at, at + length));
        at += length;
        for (let message = decoder.next(); message !== null; message = decoder.next()) found.push(message);
      }
    } catch (error) {
      refused(/./)(error);
      continue;
    }
    // What was taken is what it says: written again it has the same fields.
    for (const message of found) deepStrictEqual(decoded([encodeMessage(message)]), [message]);
    ok(decoder.pending <= changed.length);
  }
});

Deno.test("random messages come out as they went in, however they are cut", () => {
  const generator = random();
  for (let round = 0; round < 200; round++) {
    const sent = Array.from({ length: 1 + generator.below(8) }, (): Message => {
      const bytes = generator.bytes(1 + generator.below(3000));
      const made = sha512256(bytes);
      const kinds: Message[] = [
        { type: "chunk", id: made, compressed: generator.below(2) === 1, bytes },
        { type: "missing", id: made },
        {
          type: "request",
          highPriority: generator.below(2) === 1,
          ids: new Array(1 + generator.below(5)).fill(made),
        },
        { type: "goodbye" },
      ];
      return kinds[generator.below(kinds.length)];
    });
    const all = concat(sent.map(encodeMessage));
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < all.length;) {
      const length = 1 + generator.below(generator.below(2) === 0 ? 20 : 2000);
      pieces.push(all.subarray(at, at + length));
      at += length;
    }
    deepStrictEqual(decoded(pieces), sent);
  }
});
