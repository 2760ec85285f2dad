/**
 * The same jobs by this program and by desync in Go, side by side, as ratios of medians: below 1 we are faster.
 *
 *     deno task bench [--json] [extract|make|…]   all when none is named; BENCH_RUNS=5 BENCH_DIR=.cache/bench
 *                                        BENCH_OURS="deno run -A dist/desync.js" for one file
 */
import { benchBrowser } from "./browser.ts";
import { benchChunkServer } from "./chunk_server.ts";
import { benchDelta } from "./delta.ts";
import { benchExtract } from "./extract.ts";
import { benchIndexes } from "./indexes.ts";
import { benchCache, benchChop, benchMake } from "./make.ts";
import { resultsAsJson } from "./measure.ts";
import { benchPull } from "./pull.ts";
import { benchSeed } from "./seed.ts";
import { benchSmall } from "./small.ts";
import { benchSsh } from "./ssh.ts";
import { benchStores } from "./stores.ts";
import { benchSync } from "./sync.ts";
import { benchTar } from "./tar.ts";
import { benchUntar } from "./untar.ts";
import { benchVerify } from "./verify.ts";

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  small: benchSmall,
  indexes: benchIndexes,
  extract: benchExtract,
  make: benchMake,
  chop: benchChop,
  verify: benchVerify,
  cache: benchCache,
  seed: benchSeed,
  ssh: benchSsh,
  pull: benchPull,
  stores: benchStores,
  tar: benchTar,
  untar: benchUntar,
  delta: benchDelta,
  sync: benchSync,
  "chunk-server": benchChunkServer,
  browser: benchBrowser,
};

const given = Deno.args.filter((word) => word !== "--json");
const names = given.length > 0 ? given : Object.keys(BENCHES);
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    throw new Error(`No benchmark ${name}; there are ${Object.keys(BENCHES).join(", ")}`);
  }
  await bench();
}
if (Deno.args.includes("--json")) Deno.stdout.writeSync(new TextEncoder().encode(`${resultsAsJson()}\n`));
