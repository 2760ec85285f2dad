import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { cutPoints } from "../../src/chunker/find.ts";
import type { ChunkSizes } from "../../src/core/chunk.ts";
import { DEFAULT_CHUNK_SIZES } from "../../src/chunker/params.ts";
import { ChunkerStream } from "../../src/chunker/stream.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { random } from "../support/random.ts";
import { concat, dataOfAllKinds, randomSizes, sizes } from "./reference.ts";

/** A stream of `bytes` in pieces whose sizes `pieceSize` gives. */
function inPieces(bytes: Uint8Array<ArrayBuffer>, pieceSize: () => number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller): void {
      if (at >= bytes.length) return controller.close();
      const end = Math.min(bytes.length, at + pieceSize());
      controller.enqueue(bytes.slice(at, end));
      at = end;
    },
  });
}

async function chunksOf(stream: ReadableStream<Uint8Array>, chunkSizes: ChunkSizes): Promise<Uint8Array[]> {
  return await Array.fromAsync(stream.pipeThrough(new ChunkerStream(chunkSizes)));
}

async function checkStream(
  bytes: Uint8Array<ArrayBuffer>,
  chunkSizes: ChunkSizes,
  pieceSize: () => number,
  what: string,
): Promise<void> {
  const chunks = await chunksOf(inPieces(bytes, pieceSize), chunkSizes);
  let end = 0;
  assert.deepEqual(chunks.map((chunk) => end += chunk.length), cutPoints(bytes, chunkSizes), what);
  assert.ok(Buffer.from(concat(chunks)).equals(bytes), `${what}: the bytes differ`);
}

Deno.test("the chunks are the same with pieces of any size", async () => {
  const rng = random();
  const bytes = rng.bytes(3_000_000);
  bytes.fill(0, 1_000_000, 1_800_000);
  for (const size of [4095, 65536, 262_145, 1_000_000, 3_000_000]) {
    await checkStream(bytes, DEFAULT_CHUNK_SIZES, () => size, `pieces of ${size}`);
    await checkStream(bytes, sizes(1024, 4096, 16384), () => size, `pieces of ${size}`);
  }
  await checkStream(bytes, DEFAULT_CHUNK_SIZES, () => 1 + rng.below(1_000_000), "pieces of random sizes");
});

Deno.test("pieces that the stream owns are freed, and the chunks are the same", async () => {
  const bytes = random().bytes(3_000_000);
  const pieces: Uint8Array[] = [];
  const watched = inPieces(bytes, () => 100_000).pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        pieces.push(piece);
        controller.enqueue(piece);
      },
    }),
  );
  const chunks = await Array.fromAsync(
    watched.pipeThrough(new ChunkerStream(DEFAULT_CHUNK_SIZES, { ownsPieces: true })),
  );
  assert.ok(Buffer.from(concat(chunks)).equals(bytes));
  assert.ok(pieces.length === 30 && pieces.every(({ length }) => length === 0));
});

Deno.test("the chunks are the same with one byte in a piece", async () => {
  const bytes = random().bytes(30_000);
  for (const chunkSizes of [sizes(1024, 4096, 16384), sizes(16, 64, 256), sizes(100, 100, 100)]) {
    await checkStream(bytes, chunkSizes, () => 1, "pieces of 1");
  }
});

Deno.test("the chunks are the same for all kinds of data and sizes", async () => {
  const rng = random();
  for (let round = 0; round < 40; round++) {
    const chunkSizes = randomSizes(rng);
    const { min, avg, max } = chunkSizes;
    for (const [kind, bytes] of Object.entries(dataOfAllKinds(rng, rng.below(6000)))) {
      const largest = 1 + rng.below(1 + rng.below(6000));
      const what = `${kind}, ${bytes.length} bytes in pieces of up to ${largest}, ${min}:${avg}:${max}`;
      await checkStream(bytes, chunkSizes, () => 1 + rng.below(largest), what);
    }
  }
});

Deno.test("empty pieces change nothing, and an empty stream has no chunks", async () => {
  assert.deepEqual(await chunksOf(inPieces(new Uint8Array(0), () => 1), DEFAULT_CHUNK_SIZES), []);
  const bytes = random().bytes(5000);
  let turn = 0;
  await checkStream(
    bytes,
    sizes(100, 400, 1600),
    () => turn++ % 2 === 0 ? 0 : 700,
    "every other piece is empty",
  );
});

Deno.test("each chunk owns its memory", async () => {
  const bytes = random().bytes(100_000);
  for (const size of [300, 100_000]) {
    const chunks = await chunksOf(inPieces(bytes, () => size), sizes(100, 400, 1600));
    for (const chunk of chunks) assert.equal(chunk.buffer.byteLength, chunk.length);
    assert.equal(new Set(chunks.map((chunk) => chunk.buffer)).size, chunks.length);
  }
});

Deno.test("no more is read than the requested chunks need", async () => {
  let pieces = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller): void {
      pieces++;
      controller.enqueue(new Uint8Array(100_000));
    },
  }, { highWaterMark: 0 });
  const reader = source.pipeThrough(new ChunkerStream()).getReader();
  await settle();
  assert.ok(pieces <= 2, `${pieces} pieces were taken before a chunk was asked for`);
  for (let i = 0; i < 10; i++) assert.equal((await reader.read()).value?.length, 262_144);
  await settle();
  assert.ok(pieces <= 27 + 2, `${pieces} pieces were taken for 2.6 MB`);
  await reader.cancel();
});

Deno.test("a large piece is cut no faster than its chunks are read", async () => {
  const piece = new Uint8Array(10_000_000);
  const stream = new ChunkerStream();
  const writer = stream.writable.getWriter();
  writer.write(piece).catch(() => {});
  const reader = stream.readable.getReader();
  await reader.read();
  await settle();
  piece.fill(7, 5_000_000); // what has been cut by now would not show this
  let last: Uint8Array | undefined;
  for (let taken = 262_144; taken < 5_500_000; taken += 262_144) last = (await reader.read()).value;
  assert.equal(last?.at(-1), 7);
  await reader.cancel();
});

Deno.test("an error of the source is passed on, with no partial chunk before it", async () => {
  const failure = new Error("the disk is gone");
  let pulls = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller): void {
      if (pulls++ < 3) controller.enqueue(new Uint8Array(100_000));
      else controller.error(failure);
    },
  }, { highWaterMark: 0 });
  const reader = source.pipeThrough(new ChunkerStream()).getReader();
  assert.equal((await reader.read()).value?.length, 262_144);
  await assert.rejects(async () => await reader.read(), (error) => error === failure);
});

Deno.test("cancelling stops the source, even while a chunk is waited for", async () => {
  let cancelled: unknown;
  const source = new ReadableStream<Uint8Array>({
    pull: () => new Promise<void>(() => {}), // never delivers
    cancel(reason): void {
      cancelled = reason;
    },
  });
  const reader = source.pipeThrough(new ChunkerStream()).getReader();
  const waiting = reader.read();
  await settle();
  const reason = new Error("enough");
  await reader.cancel(reason);
  assert.equal((await waiting).done, true);
  await settle();
  assert.equal(cancelled, reason);
});

Deno.test("a failure while cutting reaches the writer too", async () => {
  const stream = new ChunkerStream();
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  writer.write("not bytes" as unknown as Uint8Array).catch(() => {});
  await assert.rejects(async () => await reader.read(), TypeError);
  await assert.rejects(async () => await writer.write(new Uint8Array(1)), TypeError);
  await writer.closed.catch(() => {});
});

Deno.test("a stream with invalid sizes is refused", () => {
  assert.throws(() => new ChunkerStream(sizes(5, 4, 100)), DesyncError);
});

/** Lets everything run that can run without something else happening. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}
