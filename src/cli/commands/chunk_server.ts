/** `desync chunk-server` */
import type { ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { noSync } from "../flags/output.ts";
import {
  encryption,
  encryptionAlgorithm,
  encryptionKey,
  memory,
  page,
  SERVER_FLAGS,
  skipVerifyRead,
  skipVerifyWrite,
  storeFile,
  uncompressed,
} from "../flags/serving.ts";
import { cache, stores } from "../flags/stores.ts";

const args = {};
export type Args = ArgumentValues<typeof args>;

const flags = {
  stores,
  cache,
  storeFile,
  uncompressed,
  encryption,
  encryptionKey,
  encryptionAlgorithm,
  ...SERVER_FLAGS,
  memory,
  page,
  skipVerifyRead,
  skipVerifyWrite,
  noSync,
  ...NETWORK_FLAGS,
};
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  onHangUp: "reload",
  description:
    `Serves the chunks of one or more stores over HTTP, or HTTPS with --cert and --key. The first store that
has a chunk delivers it, in the form that the client requests; concurrent requests for one chunk become one. With
--cache, chunks are kept there; with --writable, which takes one store and no cache, clients can add chunks.
/-/health and /-/metrics report on the server. On SIGHUP it reads the store file and the certificates again and
reopens the log; on SIGTERM or Ctrl-C it answers the running requests and ends.`,
  examples: [
    "desync chunk-server -s /srv/store -l :8080",
    "desync chunk-server -s /srv/store --page /srv/page -l :8080",
    "desync chunk-server -s ssh://host/srv/store -c /var/cache/desync -l :8080",
    "desync chunk-server -s /srv/store -w --cert cert.pem --key key.pem -l :8443",
  ],
  code: () => import("../run/chunk_server.ts"),
});
