/** `desync tar ARCHIVE SOURCE` */
import { argument, type ArgumentValues, written } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { makeIndex, noTime } from "../flags/archive.ts";
import { chunkSize } from "../flags/chunking.ts";
import { compressionLevel, deltaFrom, uncompressed } from "../flags/storing.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { noSync, printStats, umask } from "../flags/output.ts";
import {
  exclude,
  excludeFile,
  excludeNodump,
  include,
  inputFormat,
  oneFileSystem,
  recordWith,
  recordWithout,
  tarAddRoot,
} from "../flags/packing.ts";
import { progress } from "../flags/progress.ts";
import { targetStore } from "../flags/stores.ts";

const args = { archive: written(argument("archive")), source: argument("source") };
export type Args = ArgumentValues<typeof args>;

const flags = {
  makeIndex,
  targetStore,
  chunkSize,
  recordWith,
  recordWithout,
  exclude,
  include,
  excludeNodump,
  excludeFile,
  oneFileSystem,
  inputFormat,
  tarAddRoot,
  noTime,
  uncompressed,
  compressionLevel,
  deltaFrom,
  umask,
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
    `Packs a directory into an archive (.catar) with all that casync keeps; with -i into chunks in a store (-s) and their
index (.caidx). The bytes are those that casync writes for the same features. "-" as archive writes to standard output.
With -i and --delta-from, delta files from older versions are written beside the index. With --input-format tar the
source is a tar file, or "-" for standard input.`,
  examples: [
    "desync tar docs.catar /srv/docs",
    "desync tar -i -s /mnt/store docs.caidx /srv/docs",
    "desync tar --with=unix --exclude='*.o' docs.catar /srv/docs",
    "zcat root.tar.gz | desync tar -i -s /mnt/store --input-format tar root.caidx -",
  ],
  code: () => import("../run/tar.ts"),
});
