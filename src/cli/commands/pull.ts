/** `desync pull - - - STORE` */
import { argument, type ArgumentValues, placeholder } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { allowUrl, skipVerifyRead } from "../flags/serving.ts";

const args = {
  base: placeholder("base", "-"),
  archive: placeholder("archive", "-"),
  index: placeholder("index", "-"),
  store: argument("store"),
};
export type Args = ArgumentValues<typeof args>;

const flags = { allowUrl, skipVerifyRead, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Serves the chunks of a store in the casync protocol over standard input and output: the remote end of ssh
stores, named by CASYNC_REMOTE_PATH on the client. The first three arguments are "-". The store is a local
directory, or a URL with --allow-url.`,
  examples: ["desync pull - - - /mnt/store"],
  code: () => import("../run/pull.ts"),
});
