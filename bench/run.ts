/**
 * The same jobs by this program and by desync in Go, side by side, as ratios of medians: below 1 we are faster.
 *
 *     deno task bench [--json] [extract|make|…]   all but size and cores when none is named
 *
 * Variables: BENCH_RUNS=5, BENCH_DIR=.cache/bench, BENCH_OURS="deno run -A dist/desync.js" for one file,
 * BENCH_WITH=desync,casync,limit for more contenders, BENCH_GB=1,4,16 for `size`.
 */
import { benchBrowser } from "./browser.ts";
import { benchChunkServer } from "./chunk_server.ts";
import { benchCores } from "./cores.ts";
import { benchDelta } from "./delta.ts";
import { benchExtract } from "./extract.ts";
import { benchIndexes } from "./indexes.ts";
import { benchCache, benchChop, benchMake } from "./make.ts";
import { resultsAsJson } from "./measure.ts";
import { benchPull } from "./pull.ts";
import { benchSeed } from "./seed.ts";
import { benchSize } from "./size.ts";
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
  size: benchSize,
  cores: benchCores,
};
/** They take long, and `size` much room on the disk. */
const ONLY_IF_NAMED = ["size", "cores"];

const given = Deno.args.filter((word) => word !== "--json");
const names = given.length > 0 ? given : Object.keys(BENCHES).filter((name) => !ONLY_IF_NAMED.includes(name));
for (const name of names) {
  const bench = BENCHES[name];
  if (bench === undefined) {
    throw new Error(`No benchmark ${name}; there are ${Object.keys(BENCHES).join(", ")}`);
  }
  await bench();
}
if (Deno.args.includes("--json")) Deno.stdout.writeSync(new TextEncoder().encode(`${resultsAsJson()}\n`));
