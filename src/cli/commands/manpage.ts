/** `desync manpage [DIRECTORY]` */
import { type ArgumentValues, optional } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";

const args = { directory: optional("directory") };
export type Args = ArgumentValues<typeof args>;

const flags = {};
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Prints the manual page, with all commands and options, as man reads it. With a directory, it is written there as
desync.1.`,
  examples: ["desync manpage | man -l -", "desync manpage /usr/local/share/man/man1"],
  code: () => import("../run/manpage.ts"),
});
