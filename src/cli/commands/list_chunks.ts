/** `desync list-chunks INDEX` */
import { argument, type ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";

const args = { index: argument("index") };
export type Args = ArgumentValues<typeof args>;

const flags = { ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    "Prints the ids of all chunks, one per line, in the order of the blob, including repeated ones.",
  examples: ["desync list-chunks image.caibx"],
  code: () => import("../run/list_chunks.ts"),
});
