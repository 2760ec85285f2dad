/** `desync tar ARCHIVE SOURCE` */
import { basename } from "node:path";
import { givenPath } from "../../deno/given_paths.ts";
import type { TreeSummary } from "../../deno/tree_reader.ts";
import { checkPlace } from "../../deno/output_place.ts";
import { serializeIndex } from "../../formats/index.ts";
import { makeFromStream } from "../../jobs/make.ts";
import { LostTimes } from "../../jobs/lost_times.ts";
import { Progress } from "../../jobs/progress.ts";
import { counted } from "../../jobs/read_archive.ts";
import { archiveStream } from "../../jobs/write_archive.ts";
import { WorkerPool } from "../../workers/pool.ts";
import { archiveFeatures } from "../archive_features.ts";
import { DONE, PARTLY } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { sayingChunksAreKept } from "../interruption.ts";
import { inputPath, outputPath } from "../local_path.ts";
import { Locator, missingOption, onlyStore } from "../location.ts";
import { print, printError, warn } from "../output.ts";
import { isStandardOutput, writeResult, writeWholePieces } from "../piece_output.ts";
import { showProgress } from "../progress.ts";
import { type ReadInput, treeInput } from "../tree_input.ts";

/** Packs. Ends with `PARTLY` when something changed while it was read, or has a time that archives cannot hold. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [output, source] = args;
  inputPath(source);
  outputPath(output, source);
  const read = treeInput(source, flags, signal);
  const progress = new Progress();
  const times = new LostTimes(archiveFeatures(flags));
  const alias = givenPath(output) === output ? [] : [basename(output)];
  const noting: ReadInput = (onEvent, names = []) => read(times.watch(onEvent), [...alias, ...names]);
  const packed = flags.index
    ? await packIntoStore(output, source, noting, flags, progress, signal)
    : await packIntoFile(output, noting, flags, progress, signal);
  return report(packed, times, output, flags);
}

/** What was packed. */
interface Packed {
  readonly tree: TreeSummary;
  readonly statistics: Record<string, number>;
}

async function packIntoFile(
  output: string,
  read: ReadInput,
  flags: FlagValues,
  progress: Progress,
  signal: AbortSignal,
): Promise<Packed> {
  using _display = showProgress(progress, flags);
  let done: Promise<TreeSummary> | undefined;
  const begin = (temporary?: string) => {
    const skipNames = temporary === undefined ? [] : [basename(temporary)];
    const archive = archiveStream(archiveFeatures(flags), (onEvent) => read(onEvent, skipNames));
    done = archive.done;
    return counted(archive.readable, progress);
  };
  await writeWholePieces(output, begin, signal, flags.sync);
  return { tree: await done!, statistics: { BytesTotal: progress.done } };
}

async function packIntoStore(
  output: string,
  source: string,
  read: ReadInput,
  flags: FlagValues,
  progress: Progress,
  signal: AbortSignal,
): Promise<Packed> {
  if (output !== "-") checkPlace(output);
  using store = new Locator(flags).storeToFill(onlyStore(flags));
  if (store === undefined) throw missingOption("-s, --store", "name the store that gets the chunks");
  const features = archiveFeatures(flags);
  const { chunkSize: sizes, digest = "sha512-256" } = flags;
  using pool = new WorkerPool(flags.concurrency);
  const archive = archiveStream(features, read);
  const options = { sizes, digest, flags: features, fill: store.filling, signal, progress };
  const { made, tree } = await sayingChunksAreKept(store.filling.folder, async () => {
    using _display = showProgress(progress, flags, { stored: "stored" });
    const made = await makeFromStream(source, archive.readable, pool, options);
    const tree = await archive.done;
    store.check();
    await writeResult(output, serializeIndex(made.index), signal, flags.sync);
    return { made, tree };
  });
  const statistics = {
    BytesTotal: made.index.size,
    ChunksProduced: made.index.count,
    ChunksStored: made.added,
    BytesStored: made.addedBytes,
  };
  return { tree, statistics };
}

function report({ tree, statistics }: Packed, times: LostTimes, output: string, flags: FlagValues): number {
  const { nodes, hardLinks, changed, changedPath, blind } = tree;
  if (hardLinks > 0) {
    warn(`${hardLinks} hard links were stored as files of their own, which archives have instead`);
  }
  if (blind.length > 0) {
    warn(`not recorded: ${blind.join(", ")} (they need Linux and --allow-ffi)`);
  }
  if (changed > 0) {
    warn(`${changed} files changed while they were read, the first is ${changedPath}`);
  }
  if (times.count > 0) {
    warn(
      `${times.count} files have times that archives cannot hold (before 1901 or after 2486) and got others, the first is ${times.path}`,
    );
  }
  if (flags.printStats) {
    const text = `${JSON.stringify({ Nodes: nodes, HardLinks: hardLinks, ...statistics }, null, 2)}\n`;
    if (isStandardOutput(output)) printError(text);
    else print(text);
  }
  return changed > 0 || times.count > 0 ? PARTLY : DONE;
}
