/** The cuts against those of the real casync. */

import assert from "node:assert/strict";
import { cutPoints } from "../../src/chunker/find.ts";
import type { ChunkSizes } from "../../src/core/chunk.ts";
import { DEFAULT_CHUNK_SIZES } from "../../src/chunker/params.ts";
import { peers } from "../support/peers.ts";
import { run, runAny } from "../support/process.ts";
import { random } from "../support/random.ts";
import { tempDir } from "../support/temp.ts";
import { amount, share } from "../support/thorough.ts";
import { cutsInParts, dataOfAllKinds, randomSizes, sizes } from "./reference.ts";

function casyncArgs(dir: string, file: string, { min, avg, max }: ChunkSizes): string[] {
  return ["make", `--store=${dir}/store`, `--chunk-size=${min}:${avg}:${max}`, `${dir}/made.caibx`, file];
}

/** The cuts that casync makes of a file, read from the index it writes: 64 bytes, then items of 40. */
async function casyncCuts(bytes: Uint8Array, chunkSizes: ChunkSizes): Promise<number[]> {
  using dir = tempDir();
  await run(peers.casync, casyncArgs(dir.root, dir.write("blob", bytes), chunkSizes));
  const view = new DataView(Deno.readFileSync(dir.path("made.caibx")).buffer);
  const cuts: number[] = [];
  for (let at = 64; view.getBigUint64(at, true) !== 0n; at += 40) {
    cuts.push(Number(view.getBigUint64(at, true)));
  }
  return cuts;
}

/** What is tried with each: min, avg, max, and how many bytes make enough chunks, but not too many files. */
const cases: [ChunkSizes, number][] = [
  [DEFAULT_CHUNK_SIZES, amount(2_000_000, 8_000_000)],
  [sizes(1024, 4096, 16384), amount(300_000, 1_000_000)],
  [sizes(16, 64, 256), 20_000],
  [sizes(1, 200, 1000), 60_000],
  [sizes(47, 256, 1024), 60_000],
  [sizes(48, 256, 1024), 60_000],
  [sizes(49, 256, 1024), 60_000],
  [sizes(4096, 4096, 4096), amount(300_000, 1_000_000)],
  [sizes(10, 10, 10), 3003],
  [sizes(100, 100, 400), 30_000],
  [sizes(1000, 1000, 1001), 300_000],
  [sizes(64, 64, 65536), 30_000],
  [sizes(1, 1, 48), 10_000],
  [sizes(60, 128, 512), 30_000], // an even discriminator, 96
];

for (const [turn, [chunkSizes, length]] of cases.entries()) {
  const { min, avg, max } = chunkSizes;
  Deno.test({
    name: `cuts are casync's with sizes ${min}:${avg}:${max} (casync)`,
    ignore: !peers.casync,
    fn: async () => {
      const rng = random();
      for (const [kind, bytes] of share(Object.entries(dataOfAllKinds(rng, length)), 1, turn)) {
        const made = await casyncCuts(bytes, chunkSizes);
        assert.deepEqual(cutPoints(bytes, chunkSizes), made, kind);
        assert.deepEqual(
          cutsInParts(bytes, chunkSizes, () => 1 + rng.below(100_000)),
          made,
          `${kind}, in parts`,
        );
      }
    },
  });
}

Deno.test({
  name: "cuts are casync's with random sizes (casync)",
  ignore: !peers.casync,
  fn: async () => {
    const rng = random();
    for (let round = 0; round < amount(4, 25); round++) {
      const chunkSizes = randomSizes(rng);
      const { noise, patchwork } = dataOfAllKinds(rng, rng.below(10_000));
      for (const bytes of [noise, patchwork]) {
        const { min, avg, max } = chunkSizes;
        assert.deepEqual(
          cutPoints(bytes, chunkSizes),
          await casyncCuts(bytes, chunkSizes),
          `${min}:${avg}:${max}`,
        );
      }
    }
  },
});

Deno.test({
  name: "sizes that are refused here are refused by casync, and the others are not (casync)",
  ignore: !peers.casync,
  fn: async () => {
    using dir = tempDir();
    const file = dir.write("blob", random(1).bytes(1000));
    const tried: [number, number, number][] = [
      [30, 40, 44],
      [46, 47, 47],
      [47, 47, 47],
      [47, 47, 48],
      [1, 48, 48],
      [0, 4, 100],
      [5, 4, 100],
      [5, 100, 50],
      [1, 64, 2 ** 27],
      [1, 64, 2 ** 27 + 1],
      [1, 2 ** 27, 2 ** 27],
    ];
    for (const [min, avg, max] of tried) {
      const chunkSizes = sizes(min, avg, max);
      const theirs = (await runAny(peers.casync!, casyncArgs(dir.root, file, chunkSizes))).code === 0;
      let ours = true;
      try {
        cutPoints(new Uint8Array(0), chunkSizes);
      } catch {
        ours = false;
      }
      assert.equal(ours, theirs, `${min}:${avg}:${max}`);
    }
  },
});
