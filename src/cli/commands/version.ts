/** `desync version` */
import type { ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";

const args = {};
export type Args = ArgumentValues<typeof args>;

const flags = {};
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description: "Prints what --version prints.",
  examples: ["desync version"],
  code: () => import("../run/version.ts"),
});
