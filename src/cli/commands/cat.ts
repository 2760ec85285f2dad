/** `desync cat INDEX [OUTPUT]` */
import { argument, type ArgumentValues, optional, written } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { noSync, umask } from "../flags/output.ts";
import { length, offset } from "../flags/blob_part.ts";
import { progress } from "../flags/progress.ts";
import { SOURCE_FLAGS } from "../flags/stores.ts";

const args = { index: argument("index"), output: written(optional("output")) };
export type Args = ArgumentValues<typeof args>;

const flags = { ...SOURCE_FLAGS, offset, length, umask, noSync, progress, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Writes the blob in order to standard output, or to an output: a file is replaced atomically, a pipe or device is
written as the chunks arrive. Every chunk is verified before it is written. -o and -l select a part; only the chunks
of that part are fetched.`,
  examples: [
    "desync cat -s /mnt/store image.caibx | tar -tf -",
    "desync cat -s /mnt/store -o 1048576 -l 4096 image.caibx part.bin",
  ],
  code: () => import("../run/cat.ts"),
});
