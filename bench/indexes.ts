/** What reads large indexes: list-chunks and info, of one and of four million chunks, and verify-index. */
import { Index, serializeIndex } from "../mod.ts";
import { contenders } from "./contenders.ts";
import { casyncStore, directory, path, systemFiles } from "./data.ts";
import { Numbers } from "./made.ts";
import { compare } from "./measure.ts";

const CHUNK_BYTES = 65_536;

/** Runs these comparisons. */
export async function benchIndexes(): Promise<void> {
  Deno.mkdirSync(directory, { recursive: true });
  for (const millions of [1, 4]) {
    const index = path(`million-${millions}.caibx`);
    Deno.writeFileSync(index, serializeIndex(indexOf(millions * 1_000_000)));
    await compare(`list-chunks of ${millions} million`, contenders({ args: () => ["list-chunks", index] }));
    await compare(`info of ${millions} million chunks`, contenders({ args: () => ["info", index] }));
  }
  const file = await systemFiles("big", 1_190_000_000);
  const { index, store } = await casyncStore("big", file);
  const verify = contenders({
    args: () => ["verify-index", index, file],
    limit: () => ["verify-index", index, store, file],
  });
  await compare("verify-index of 1.19 GB", verify);
}

/** Chunks of one size, with ids that look like digests and are the same on every run. */
function indexOf(count: number): Index {
  const words = new Uint32Array(count * 8);
  new Numbers().fill(words);
  const header = {
    flags: 0xb000000000000000n,
    sizes: { min: 16_384, avg: CHUNK_BYTES, max: 4 * CHUNK_BYTES },
  };
  const ends = Float64Array.from({ length: count }, (_, i) => (i + 1) * CHUNK_BYTES);
  return new Index(header, ends, new Uint8Array(words.buffer));
}
