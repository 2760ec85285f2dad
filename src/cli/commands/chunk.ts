/** `desync chunk FILE` */
import { argument, type ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { chunkSize, start } from "../flags/chunking.ts";
import { threads } from "../flags/threads.ts";

const args = { file: argument("file") };
export type Args = ArgumentValues<typeof args>;

const flags = { chunkSize, start, threads };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    "Prints the start, length and id of each chunk the file would be cut into, separated by tabs. Stores nothing.",
  examples: ["desync chunk image.raw", "desync chunk -m 8:32:128 -S 1048576 image.raw"],
  code: () => import("../run/chunk.ts"),
});
