/** `desync make INDEX FILE` */
import { argument, type ArgumentValues, written } from "../argument.ts";
import { bytesOfFile } from "../bytes_ahead.ts";
import { command, type FlagsOf } from "../command.ts";
import { chunkSize } from "../flags/chunking.ts";
import { compressionLevel, deltaFrom, uncompressed } from "../flags/storing.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { noSync, printStats, umask } from "../flags/output.ts";
import { progress } from "../flags/progress.ts";
import { targetStore } from "../flags/stores.ts";

const args = { index: written(argument("index")), file: argument("file") };
export type Args = ArgumentValues<typeof args>;

const flags = {
  targetStore,
  chunkSize,
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
    `Cuts the file into chunks where casync cuts it, and writes the index; with -s the chunks are stored as well.
"-" as file reads standard input, "-" as index writes to standard output. With --delta-from, delta files from older versions
are written beside the index, by the names under which "extract" finds them; their chunks are read from the store.`,
  examples: [
    "desync make -s /mnt/store image.caibx image.raw",
    "desync make -m 8:32:128 - image.raw > image.caibx",
    "desync make -s /srv/store --delta-from /srv/www/v1.caibx /srv/www/v2.caibx v2.raw",
    "zcat image.gz | desync make -s /mnt/store image.caibx -",
  ],
  bytesAhead: ({ file }) => bytesOfFile(file),
  code: () => import("../run/make.ts"),
});
