/** `desync version` */
import type { ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";

const args = {};
export type Args = ArgumentValues<typeof args>;

const flags = {};
export type Flags = FlagsOf<typeof flags>;

export const version = command({
  name: "version",
  group: "Other",
  args,
  summary: "print the versions of the program and what it runs on",
  description: "Prints what --version prints.",
  flags,
  examples: ["desync version"],
  code: () => import("../run/version.ts"),
});
