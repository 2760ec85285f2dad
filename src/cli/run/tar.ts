/** `desync tar ARCHIVE SOURCE` */
import { basename } from "../../deno/system/paths.ts";
import { FOREIGN_FUNCTIONS } from "../../deno/system/runtime.ts";
import { givenPath } from "../../deno/files/given_paths.ts";
import { makeFromTree } from "../../deno/make_from_tree.ts";
import { tar } from "../../deno/tar.ts";
import type { PackOptions, PackSummary } from "../../jobs/pack.ts";
import { Progress } from "../../core/progress.ts";
import type { TreeSource } from "../../archive/tree_ports.ts";
import { archiveFeatures, excludePatterns } from "../inputs/archive_features.ts";
import type { Args, Flags } from "../commands/tar.ts";
import { DONE, PARTLY } from "../exit_status.ts";
import { reportingKeptChunks } from "../output/interruption.ts";
import type { IndexTarget } from "../output/index_target.ts";
import { checkInputPath, checkOutputPath, refuseSameFile } from "../inputs/local_path.ts";
import { missingOption } from "../parse/missing_option.ts";
import { openPublisher } from "../output/publisher.ts";
import { Locator } from "../locator.ts";
import { print, printError, warn } from "../output/output.ts";
import { isStandardOutput, writeWholePieces } from "../output/piece_output.ts";
import { showProgress } from "../output/progress.ts";
import { storingOptions } from "../output/storing_options.ts";
import { treeInput } from "../inputs/tree_input.ts";

/** Packs. Ends with `PARTLY` when something changed while it was read, or has a time that archives cannot hold. */
export async function run(
  { archive: output, source }: Args,
  flags: Flags,
  signal: AbortSignal,
): Promise<number> {
  checkInputPath(source);
  await using locator = new Locator(flags);
  const target = flags.makeIndex ? await locator.indexTarget(output) : undefined;
  if (target === undefined && flags.deltaFrom !== undefined) {
    throw missingOption("-i, --index", "--delta-from is for an index");
  }
  if (target === undefined) checkOutputPath(output, source);
  else refuseSameFile(output, source);
  const input: Input = {
    name: source,
    tree: treeInput(source, flags),
    options: {
      features: archiveFeatures(flags),
      exclude: excludePatterns(flags),
      skipNames: givenPath(output) === output ? [] : [basename(output)],
      signal,
      progress: new Progress(),
    },
  };
  const packed = target === undefined
    ? await packIntoFile(output, input, flags)
    : await packIntoStore({ target, output }, input, flags, locator);
  return report(packed, output, flags);
}

/** What is packed, and how. */
interface Input {
  readonly name: string;
  readonly tree: TreeSource;
  readonly options: PackOptions & { readonly signal: AbortSignal; readonly progress: Progress };
}

/** What was packed. */
interface Packed {
  readonly tree: PackSummary;
  readonly statistics: Record<string, number>;
}

async function packIntoFile(output: string, { tree, options }: Input, flags: Flags): Promise<Packed> {
  const { progress, signal, skipNames = [] } = options;
  using _display = showProgress(progress, flags);
  let done: Promise<PackSummary> | undefined;
  const begin = (temporary?: string) => {
    const names = temporary === undefined ? skipNames : [...skipNames, basename(temporary)];
    const archive = tar(tree, { ...options, skipNames: names });
    done = archive.done;
    return archive.readable;
  };
  await writeWholePieces(output, begin, signal, !flags.noSync);
  return { tree: await done!, statistics: { BytesTotal: progress.done } };
}

async function packIntoStore(
  { target, output }: { readonly target: IndexTarget; readonly output: string },
  { name, tree, options }: Input,
  flags: Flags,
  locator: Locator,
): Promise<Packed> {
  await target.check(options.signal);
  const store = await locator.storeToFill(flags.targetStore);
  if (store === undefined) throw missingOption("-s, --store", "name the store that gets the chunks");
  const publishDeltas = await openPublisher(output, flags, store, locator, options.signal);
  const { chunkSize: sizes, digest } = flags;
  const making = { ...options, ...storingOptions(flags), name, store, sizes, digest };
  const made = await reportingKeptChunks(flags.targetStore, async () => {
    const made = await (async () => {
      using _display = showProgress(options.progress, flags, { stored: "stored" });
      return await makeFromTree(tree, making);
    })();
    // The index comes last: who finds it finds the rest.
    await publishDeltas?.(made.index, { stores: [store] });
    await target.write(made.index, options.signal);
    return made;
  });
  const statistics = {
    BytesTotal: made.index.size,
    ChunksProduced: made.index.count,
    ChunksStored: made.added,
    BytesStored: made.addedBytes,
  };
  return { tree: made.tree, statistics };
}

function report({ tree, statistics }: Packed, output: string, flags: Flags): number {
  const { nodes, hardLinks, changed, changedPath, notRecorded, lostTimes, lostTimePath } = tree;
  if (hardLinks > 0) {
    warn(`${hardLinks} hard links were stored as separate files, since archives have no hard links`);
  }
  if (notRecorded.length > 0) {
    warn(`not recorded: ${notRecorded.join(", ")} (they need ${FOREIGN_FUNCTIONS})`);
  }
  if (changed > 0) {
    warn(`${changed} files changed while they were read, the first is ${changedPath}`);
  }
  if (lostTimes > 0) {
    warn(
      `${lostTimes} files have times that archives cannot hold (before 1901 or after 2486) and got others, the first is ${lostTimePath}`,
    );
  }
  if (flags.printStats) {
    const text = `${JSON.stringify({ Nodes: nodes, HardLinks: hardLinks, ...statistics }, null, 2)}\n`;
    if (isStandardOutput(output)) printError(text);
    else print(text);
  }
  return changed > 0 || lostTimes > 0 ? PARTLY : DONE;
}
