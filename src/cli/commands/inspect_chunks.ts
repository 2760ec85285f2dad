/** `desync inspect-chunks INDEX [OUTPUT]` */
import { argument, type ArgumentValues, optional, written } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { umask } from "../flags/output.ts";
import { sourceStore } from "../flags/stores.ts";

const args = { index: argument("index"), output: written(optional("output")) };
export type Args = ArgumentValues<typeof args>;

const flags = { sourceStore, umask, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Lists the chunks in the order of the blob as JSON: id, uncompressed_size, and compressed_size for those that
the store (-s) has.`,
  examples: ["desync inspect-chunks -s /mnt/store image.caibx chunks.json"],
  code: () => import("../run/inspect_chunks.ts"),
});
