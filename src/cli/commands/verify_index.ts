/** `desync verify-index INDEX FILE` */
import { argument, type ArgumentValues } from "../argument.ts";
import { bytesOfFile } from "../bytes_ahead.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { progress } from "../flags/progress.ts";

const args = { index: argument("index"), file: argument("file") };
export type Args = ArgumentValues<typeof args>;

const flags = { progress, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    "Compares the file with the index. If it differs, reports the first bytes that do; the exit status is then 3.",
  examples: ["desync verify-index image.caibx image.raw"],
  bytesAhead: ({ file }) => bytesOfFile(file),
  code: () => import("../run/verify_index.ts"),
});
