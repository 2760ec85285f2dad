/** `desync verify -s FOLDER` */
import type { ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { repair } from "../flags/keeping.ts";
import { progress } from "../flags/progress.ts";
import { localStore } from "../flags/stores.ts";
import { threads } from "../flags/threads.ts";

const args = {};
export type Args = ArgumentValues<typeof args>;

const flags = { localStore, repair, threads, progress };
export type Flags = FlagsOf<typeof flags>;

export const verify = command({
  args,
  flags,
  description:
    `Reads every chunk of a local store and checks it against its id. Invalid chunks are printed, one a line;
with -r they are removed. Ends with status 1 when an invalid chunk is left, with 3 when all were removed.`,
  examples: ["desync verify -s /mnt/store", "desync verify -r -s /var/cache/desync"],
  code: () => import("../run/verify.ts"),
});
