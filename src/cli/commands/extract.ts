/** `desync extract INDEX OUTPUT` */
import { argument, type ArgumentValues, written } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { detailedExitStatus, force, inPlace, noSync, printStats, umask } from "../flags/output.ts";
import { progress } from "../flags/progress.ts";
import { SOURCE_FLAGS } from "../flags/stores.ts";

const args = { index: argument("index"), output: written(argument("output")) };
export type Args = ArgumentValues<typeof args>;

const flags = {
  ...SOURCE_FLAGS,
  inPlace,
  force,
  umask,
  detailedExitStatus,
  printStats,
  noSync,
  progress,
  ...NETWORK_FLAGS,
};
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Builds the blob that an index describes from chunks in one or more stores. The index may be a file,
"-" for standard input, or an http(s) URL. The output is replaced atomically by the complete, verified
blob; with -k it is updated in place. A block device is always written in place, and refused while it is mounted or
in use. A file that already equals the blob is not written.`,
  examples: [
    "desync extract -s /mnt/store image.caibx image.raw",
    "desync extract -s https://example.com/store -c /var/cache/desync image.caibx image.raw",
    "desync extract -s /mnt/store image.caibx /dev/sdb1",
  ],
  code: () => import("../run/extract.ts"),
});
