/** Messages gathered as their bytes come, in memory that grows with these. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { MessageQueue } from "../../src/formats/message_queue.ts";
import { Random } from "../support/random.ts";

const KIB = 1024;
/** A header is the size of the whole message, in four bytes. */
const HEADER = 4;

function message(size: number): Uint8Array {
  const bytes = new Random(size).bytes(size);
  new DataView(bytes.buffer).setUint32(0, size);
  return bytes;
}

function queue(): MessageQueue {
  return new MessageQueue(HEADER, (header) => header.getUint32(0));
}

Deno.test("messages of all sizes in pieces of all sizes, whose memory is used again", () => {
  const sizes = [
    4,
    5,
    100,
    ...[64, 256, 1024].flatMap((n) => [n * KIB - 1, n * KIB, n * KIB + 1]),
    4,
    3_000_000,
  ];
  const sent = sizes.map(message);
  const all = new Uint8Array(sizes.reduce((sum, size) => sum + size));
  sent.reduce((at, bytes) => (all.set(bytes, at), at + bytes.length), 0);
  for (const pieceBytes of [1000, 64 * KIB, 256 * KIB, all.length]) {
    const [into, memory] = [queue(), new Uint8Array(pieceBytes)];
    const received: Uint8Array[] = [];
    for (let at = 0; at < all.length; at += pieceBytes) {
      const piece = all.subarray(at, at + pieceBytes);
      memory.set(piece);
      into.push(memory.subarray(0, piece.length));
      for (let next = into.next(); next !== null; next = into.next()) received.push(next);
    }
    strictEqual(into.pending, 0);
    strictEqual(received.length, sent.length);
    for (const [i, bytes] of received.entries()) {
      // It goes on to other threads, and nothing else with it.
      strictEqual(bytes.buffer.byteLength, sizes[i]);
      ok(bytes.every((byte, at) => byte === sent[i][at]), `${sizes[i]} bytes in pieces of ${pieceBytes}`);
    }
  }
});

Deno.test("what has come is counted, whether it is in a message yet or not", () => {
  const into = queue();
  const bytes = message(100 * KIB);
  for (const [end, at] of [[3, 0], [4, 3], [70 * KIB, 4], [100 * KIB - 1, 70 * KIB]]) {
    into.push(bytes.subarray(at, end));
    strictEqual(into.pending, end);
    strictEqual(into.next(), null);
    strictEqual(into.pending, end);
  }
  into.push(bytes.subarray(100 * KIB - 1));
  deepStrictEqual(into.next(), bytes);
  strictEqual(into.pending, 0);
});
