/** `desync chop -s DIRECTORY INDEX FILE` */
import { argument, type ArgumentValues } from "../argument.ts";
import { bytesOfFile } from "../bytes_ahead.ts";
import { command, type FlagsOf } from "../command.ts";
import { LISTED_CHUNK_FLAGS } from "../flags/storing.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { progress } from "../flags/progress.ts";
import { targetStore } from "../flags/stores.ts";

const args = { index: argument("index"), file: argument("file") };
export type Args = ArgumentValues<typeof args>;

const flags = { targetStore, ...LISTED_CHUNK_FLAGS, progress, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Stores the chunks of the file as the index cuts it, each verified first. --ignore and --ignore-chunks skip chunks
that the store is known to have.`,
  examples: ["desync chop -s /mnt/store image.caibx image.raw"],
  bytesAhead: ({ file }) => bytesOfFile(file),
  code: () => import("../run/chop.ts"),
});
