/** `desync extract INDEX OUTPUT` */
import { argument, type ArgumentValues, written } from "../argument.ts";
import { bytesOfIndex } from "../bytes_ahead.ts";
import { command, type FlagsOf } from "../command.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";
import { detailedExitStatus, force, inPlace, noSync, printStats, umask } from "../flags/output.ts";
import { dryRunPlan, rate } from "../flags/plan.ts";
import { progress } from "../flags/progress.ts";
import { deltas, noDelta, SEED_FLAGS } from "../flags/seeds.ts";
import { SOURCE_FLAGS } from "../flags/stores.ts";

const args = { index: argument("index"), output: written(argument("output")) };
export type Args = ArgumentValues<typeof args>;

const flags = {
  ...SOURCE_FLAGS,
  ...SEED_FLAGS,
  deltas,
  noDelta,
  inPlace,
  force,
  umask,
  detailedExitStatus,
  printStats,
  dryRun: dryRunPlan,
  rate,
  noSync,
  progress,
  ...NETWORK_FLAGS,
};
export type Flags = FlagsOf<typeof flags>;

export const definition = command({
  args,
  flags,
  description:
    `Builds the blob that an index describes from chunks in one or more stores. The index may be a file,
"-" for standard input, or a URL (http, https, s3+http, s3+https, sftp). The output is replaced atomically by the complete, verified
blob; with -k it is updated in place. A block device is always written in place, and refused while it is mounted or
in use. A file that already equals the blob is not written. An interrupted run is resumed by the next one.

A seed (--seed, --seed-dir) is a file or block device of this machine, such as the version before: the chunks that it
has are copied from it, or shared with it on XFS and btrfs, and only the others are fetched. Each is verified first. A
file that is replaced is a seed without being named, unless all stores are directories.

With --delta, chunks that the seeds lack are made out of chunks that they have, by a delta file (see desync delta),
which takes fewer bytes than these chunks. What it cannot make comes from the stores. A delta file (.cadelta) in the
place of the index needs no index at all, if the old version is a seed with its index. A delta file is found by itself
where it has the agreed name beside the index (docs/delta.md).

--dry-run prints what would be fetched, copied and written, without doing it.`,
  examples: [
    "desync extract -s /mnt/store image.caibx image.raw",
    "desync extract -s https://example.com/store -c /var/cache/desync image.caibx image.raw",
    "desync extract -s https://example.com/store --seed v1.caibx:/dev/sda2 v2.caibx /dev/sda3",
    "desync extract -s https://example.com/store --seed /mnt/v1.raw v2.caibx v2.raw",
    "desync extract -s https://example.com/store --seed v1.caibx:v1.raw --delta https://example.com/v1-v2.cadelta v2.caibx v2.raw",
    "desync extract -s /mnt/store image.caibx /dev/sdb1",
  ],
  bytesAhead: ({ index }) => bytesOfIndex(index),
  code: () => import("../run/extract.ts"),
});
