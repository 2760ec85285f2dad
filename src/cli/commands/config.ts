/** `desync config` */
import type { ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { write } from "../flags/configuration.ts";

const args = {};
export type Args = ArgumentValues<typeof args>;

const flags = { write };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Prints the configuration, with the defaults of what its entries do not set. Secrets are not shown: passwords, tokens,
cookies and keys. With -w, it is written with its secrets to the file of --config, or to
~/.config/desync/config.json, which is made if it does not exist.`,
  examples: ["desync config", "desync --config desync.json config -w"],
  readsConfiguration: false,
  code: () => import("../run/config.ts"),
});
