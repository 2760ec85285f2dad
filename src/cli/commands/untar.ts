/** `desync untar ARCHIVE TARGET [PATH…]` */
import { anyNumber, argument, type ArgumentValues, written } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { index, noTime } from "../flags/archive.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { noSync, umask } from "../flags/output.ts";
import { progress } from "../flags/progress.ts";
import { deltas, noDelta } from "../flags/seeds.ts";
import { SOURCE_FLAGS } from "../flags/stores.ts";
import {
  deleteOthers,
  keepUnchanged,
  noSameOwner,
  outputFormat,
  recursiveUnlink,
  restoreWith,
  restoreWithout,
  samePermissions,
  treeSeeds,
  xattrsInclude,
} from "../flags/unpacking.ts";

const args = { archive: argument("archive"), target: written(argument("target")), paths: anyNumber("path") };
export type Args = ArgumentValues<typeof args>;

const flags = {
  index,
  ...SOURCE_FLAGS,
  treeSeeds,
  deltas,
  noDelta,
  keepUnchanged,
  deleteOthers,
  noSameOwner,
  samePermissions,
  noTime,
  restoreWith,
  restoreWithout,
  xattrsInclude,
  recursiveUnlink,
  umask,
  outputFormat,
  noSync,
  progress,
  ...NETWORK_FLAGS,
};
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Unpacks an archive (.catar) into a directory. The archive may be a file, "-" for standard input, or a URL (http, https,
s3+http, s3+https, sftp); with -i it is an index (.caidx) of chunks in stores. With --output-format gnu-tar the target
is a tar file, or "-" for standard output.

Existing entries of the same name are replaced, except non-empty directories where the archive has something else: that
is an error unless --recursive-unlink is given. Everything else in the target is kept, or with --delete removed when the
archive was read completely. --with and --without select what is restored, as for tar. Metadata that cannot be restored,
such as owners when not run by root, is reported, and the exit status is then 3.

With paths, only these are unpacked, as casync does: each is placed in the target under its last name. They are found
by the archive's tables, so only the chunks they need, or parts of a file at a URL, are fetched; standard input is read
completely.

To update a tree, -k leaves files alone that have not changed, and with -i fetches only chunks that the target does not
have; --seed takes chunks from other directories. Owners, modes, times and attributes are parts of chunks: a seed helps
most if it has those of the archive.`,
  examples: [
    "desync untar docs.catar /srv/docs",
    "desync untar -i -s https://example.com/store -c /var/cache/desync docs.caidx /srv/docs",
    "desync untar -i -k --delete -s https://example.com/store docs-2.caidx /srv/docs",
    "desync untar -i -k --delta https://example.com/docs-2.cadelta -s https://example.com/store docs-2.caidx /srv/docs",
    "desync untar --output-format gnu-tar docs.catar - | tar -tv",
    "desync untar -i -s https://example.com/store root.caidx /tmp/etc etc/hosts etc/ssl",
  ],
  code: () => import("../run/untar.ts"),
});
