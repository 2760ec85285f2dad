/** `desync index-server` */
import type { ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { SERVER_FLAGS } from "../flags/serving.ts";
import { indexStore } from "../flags/stores.ts";

const args = {};
export type Args = ArgumentValues<typeof args>;

const flags = { indexStore, ...SERVER_FLAGS, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  onHangUp: "reload",
  description:
    `Serves the indexes in a directory, or at a URL, over HTTP, or HTTPS with --cert and --key. With --writable,
clients can add and replace indexes. Only indexes are served, by their names, and they are never listed.
/-/health and /-/metrics report on the server. On SIGHUP it reads the certificates again and reopens the log; on
SIGTERM or Ctrl-C it answers the running requests and ends.`,
  examples: [
    "desync index-server -s /srv/indexes -l :8080",
    "desync index-server -s /srv/indexes -w -l 127.0.0.1:8080",
  ],
  code: () => import("../run/index_server.ts"),
});
