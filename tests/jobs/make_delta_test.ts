import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { portableCodec } from "../../src/codec/portable.ts";
import { concat } from "../../src/core/bytes.ts";
import { Progress } from "../../src/core/progress.ts";
import { sketch } from "../../src/delta/sketch.ts";
import { IndexBuilder } from "../../src/formats/index/index_builder.ts";
import { makeDelta, type Version, versionInStores } from "../../src/jobs/make_delta.ts";
import type { DeltaWorkers } from "../../src/transfer/delta_messages.ts";
import { random } from "../support/random.ts";

/** Compresses nothing: what frames are made of is what matters here. Answers come in another order than the questions. */
class Slow implements DeltaWorkers {
  readonly size = 3;
  most = 0;
  #running = 0;

  async sketch({ chunks, sampleBits }: Parameters<DeltaWorkers["sketch"]>[0]) {
    await this.#turn();
    return { samples: chunks.map(({ bytes }) => sketch(bytes!, sampleBits)) };
  }

  async frame({ chunks, base }: Parameters<DeltaWorkers["frame"]>[0]) {
    await this.#turn();
    const codec = base.length > 0 ? "prefixed" as const : "alone" as const;
    return {
      codec,
      frame: concat(chunks.map(({ bytes }) => bytes!.subarray(0, 3))),
      isSure: false,
      storedBytes: 100,
    };
  }

  patch(): Promise<never> {
    throw new Error("not here");
  }

  async release(): Promise<void> {
    await this.#turn();
  }

  async #turn(): Promise<void> {
    this.most = Math.max(this.most, ++this.#running);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    this.#running--;
  }
}

function versionOf(chunks: readonly Uint8Array[]): Version {
  const builder = new IndexBuilder({ min: 1, avg: 30_000, max: 32 * 1024 * 1024 }, "sha512-256");
  for (const chunk of chunks) builder.add([chunk.length], portableCodec.digest("sha512-256", chunk));
  const index = builder.build();
  const byId = new Map(chunks.map((chunk, i) => [index.id(i), chunk]));
  return versionInStores(index, ({ id }) => Promise.resolve(byId.get(id)!));
}

Deno.test("frames come in order, however the workers answer, with old chunks that are like the new ones", async () => {
  const generator = random();
  const old = Array.from({ length: 30 }, () => generator.bytes(10_000));
  const next = old.map((chunk, i) =>
    i % 6 === 0 ? chunk : concat([chunk.subarray(0, 9000), generator.bytes(500)])
  );
  // Moved, repeated, and all new.
  next.push(next[1], generator.bytes(8000), next[0]);
  const workers = new Slow();
  const progress = new Progress();
  const written: Uint8Array[] = [];
  const made = await makeDelta(versionOf(old), versionOf(next), workers, {
    level: 9,
    progress,
    write: (frame) => written.push(frame),
  });
  strictEqual(made.chunks, 26);
  deepStrictEqual(made.frames.map(({ chunks }) => chunks), [5, 5, 5, 5, 5, 1]);
  deepStrictEqual(made.frames.slice(0, 2).map(({ base }) => base), [
    [{ first: 1, count: 5 }],
    [{ first: 7, count: 5 }],
  ]);
  deepStrictEqual(made.frames.at(-1), { chunks: 1, codec: "alone", base: [], length: 3 });
  const fresh = next.filter((chunk, i) => !old.includes(chunk) && next.indexOf(chunk) === i);
  deepStrictEqual(concat(written), concat(fresh.map((chunk) => chunk.subarray(0, 3))));
  strictEqual(made.framesBytes, concat(written).length);
  strictEqual(progress.done, progress.total);
  ok(workers.most <= 4 * workers.size, `${workers.most} at a time`);
});

Deno.test("a chunk that is too large for any frame is left to the stores", async () => {
  const large = versionOf([new Uint8Array(17 * 1024 * 1024), new Uint8Array(5).fill(1)]);
  const made = await makeDelta(undefined, large, new Slow(), { level: 9, write: () => {} });
  deepStrictEqual(made.frames.map(({ codec, chunks }) => [codec, chunks]), [["elsewhere", 1], ["alone", 1]]);
});

Deno.test("making a delta is interrupted", async () => {
  const generator = random();
  const versions = [0, 1].map(() => versionOf(Array.from({ length: 200 }, () => generator.bytes(100))));
  const stop = new AbortController();
  const write = () => stop.abort();
  await rejects(makeDelta(versions[0], versions[1], new Slow(), { level: 9, signal: stop.signal, write }), {
    code: "interrupted",
  });
});
