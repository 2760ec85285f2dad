/** `desync info INDEX` */
import { argument, type ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { chunksInfo, format, seed } from "../flags/counting.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { byPath, plan, rate } from "../flags/plan.ts";
import { deltas, noDelta } from "../flags/seeds.ts";
import { cache, stores } from "../flags/stores.ts";

const args = { index: argument("index") };
export type Args = ArgumentValues<typeof args>;

const flags = {
  stores,
  cache,
  seed,
  deltas,
  noDelta,
  chunksInfo,
  format,
  plan,
  byPath,
  rate,
  ...NETWORK_FLAGS,
};
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Prints how many chunks an index has, their sizes, and how many of them are in the stores (-s), in the cache
(-c), and in other indexes (--seed).

The JSON is the same as desync's: stores are asked about every chunk, and the compressed size comes from
--chunks-info alone. It is 0 if the size of any needed chunk is unknown. The plain form asks the stores only
about chunks that are neither in a seed nor in the cache, also for their sizes, and prints "unknown" for an
unknown size.

Of a delta file (.cadelta) it prints the header and, with the index of the old version (--seed), what it makes.

--plan prints or draws what building the blob would fetch, also with a delta file (--delta, or one that is
beside the index).`,
  examples: [
    "desync info -s /mnt/store image.caibx",
    "desync info -f plain -s https://example.com/store --seed old.caibx new.caibx",
    "desync info --plan -s https://example.com/store --seed old.caibx new.caibx",
    "desync info --plan=html -s https://example.com/store --seed old.caibx new.caibx >plan.html",
    "desync info --plan -s https://example.com/store --seed old.caibx --delta old-new.cadelta new.caibx",
  ],
  code: () => import("../run/info.ts"),
});
