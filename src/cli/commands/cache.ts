/** `desync cache -s STORE -c DIRECTORY INDEX…` */
import { type ArgumentValues, several } from "../argument.ts";
import { bytesOfIndex } from "../bytes_ahead.ts";
import { command, type FlagsOf } from "../command.ts";
import { LISTED_CHUNK_FLAGS } from "../flags/storing.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { progress } from "../flags/progress.ts";
import { stores, targetCache } from "../flags/stores.ts";

const args = { indexes: several("index") };
export type Args = ArgumentValues<typeof args>;

const flags = { stores, targetCache, ...LISTED_CHUNK_FLAGS, progress, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Copies the chunks that the indexes list from the stores (-s) to the one given with -c, without building the
blob: to fill a cache in advance, or to mirror a store.`,
  examples: ["desync cache -s https://example.com/store -c /var/cache/desync image.caibx"],
  bytesAhead: ({ indexes }) => indexes.reduce((sum, index) => sum + bytesOfIndex(index), 0),
  code: () => import("../run/cache.ts"),
});
