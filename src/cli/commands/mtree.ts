/** `desync mtree ARCHIVE` */
import { argument, type ArgumentValues } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { index } from "../flags/archive.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { umask } from "../flags/output.ts";
import { SOURCE_FLAGS } from "../flags/stores.ts";

const args = { archive: argument("archive") };
export type Args = ArgumentValues<typeof args>;

const flags = { index, ...SOURCE_FLAGS, umask, ...NETWORK_FLAGS };
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Prints each file and directory of an archive (.catar) with its attributes and digest in the mtree format. The
archive may be a file, "-" for standard input, or a URL (http, https, s3+http, s3+https, sftp); with -i it is an index
(.caidx) of chunks in stores. A directory is described as its archive would be.`,
  examples: [
    "desync mtree docs.catar",
    "desync mtree /srv/docs",
    "desync mtree -i -s https://example.com/store docs.caidx",
  ],
  code: () => import("../run/mtree.ts"),
});
