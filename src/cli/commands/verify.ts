/** `desync verify -s DIRECTORY` */
import type { ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { repair } from "../flags/maintenance.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { progress } from "../flags/progress.ts";
import { localStore } from "../flags/stores.ts";

const args = {};
export type Args = ArgumentValues<typeof args>;

const flags = { localStore, repair, ...NETWORK_FLAGS, progress };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Reads every chunk of a store and checks it against its id. Invalid chunks are printed, one per line;
with -r they are removed. Before it reads a store on another machine, it says how much that is. The exit status
is 1 if invalid chunks remain, 3 if all were removed.`,
  examples: ["desync verify -s /mnt/store", "desync verify -r -s /var/cache/desync"],
  code: () => import("../run/verify.ts"),
});
