/** `desync prune -s DIRECTORY INDEX…` */
import { anyNumber, type ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { dryRun, keepChunks, yes } from "../flags/maintenance.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { localStore } from "../flags/stores.ts";

const args = { indexes: anyNumber("index") };
export type Args = ArgumentValues<typeof args>;

const flags = { localStore, keepChunks, yes, dryRun, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Removes every chunk of a store that none of the indexes lists, and stale temporary files that are more than a
day old. Asks for confirmation unless -y is given. Nothing is removed if any index cannot be read.`,
  examples: [
    "desync prune --dry-run -s /mnt/store current.caibx previous.caibx",
    "desync prune -y -s /mnt/store --keep-chunks ids.txt current.caibx",
  ],
  code: () => import("../run/prune.ts"),
});
