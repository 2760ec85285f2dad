/** `desync delta OLD NEW OUTPUT` */
import { argument, type ArgumentValues, written } from "../argument.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { noSync, umask } from "../flags/output.ts";
import { progress } from "../flags/progress.ts";
import { deltaAlways, deltaLevel } from "../flags/storing.ts";
import { SOURCE_FLAGS } from "../flags/stores.ts";

const args = { old: argument("old"), new: argument("new"), output: written(argument("output")) };
export type Args = ArgumentValues<typeof args>;

const flags = {
  ...SOURCE_FLAGS,
  level: deltaLevel,
  always: deltaAlways,
  umask,
  noSync,
  progress,
  ...NETWORK_FLAGS,
};
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Writes a delta file: the chunks that the new version has and the old one lacks, each compressed against those chunks
of the old one that are like it, and the new index. A client that has the old version fetches it instead of these
chunks.

Each version is INDEX, or INDEX:BLOB with the file that the index is of. Without a BLOB, the chunks come from the
stores (-s); without stores, from the file beside the index that has its name without .caibx or .caidx.

If the output is a directory, the delta gets the name by which "extract" and "untar -i" find it beside the new index:
the name of the index, 16 digits that stand for the old version, and .cadelta.

With "-" as the old version the file has all chunks of the new one: a first download then takes a few large requests, and
the client needs no seed.

If the delta takes at least 90% of what the chunks take in a store, it is not written, and a line says so.`,
  examples: [
    "desync delta v1.caibx:v1.raw v2.caibx:v2.raw v1-v2.cadelta",
    "desync delta - v1.caibx:v1.raw v1.cadelta",
    "desync delta -s /srv/store v1.caidx v2.caidx v1-v2.cadelta",
    "desync delta -s /srv/store /srv/www/v1.caibx /srv/www/v2.caibx /srv/www",
  ],
  code: () => import("../run/delta.ts"),
});
