/** Packs a tree into an archive: a stream of its bytes, or chunks in a store and their index. */
import { DEFAULT_FEATURES, normalizeFeatures, SHA512_256 } from "../formats/archive/features.ts";
import { LostTimes } from "../archive/lost_times.ts";
import { type Made, makeFromStream, type MakeOptions } from "./make.ts";
import type { PieceStream } from "../archive/piece_stream.ts";
import type { Workers } from "../transfer/ports.ts";
import type { Progress } from "../core/progress.ts";
import type { ReadTreeOptions, TreeSource, TreeSummary } from "../archive/tree_ports.ts";
import { archiveStream } from "../archive/write_archive.ts";

/** What was packed. */
export interface PackSummary extends TreeSummary {
  /** Files with a time that archives cannot hold (before 1901 or after 2486) and that got another. */
  readonly lostTimes: number;
  /** The first of them. */
  readonly lostTimePath?: string;
}

/** How a tree is packed. */
export interface PackOptions extends ReadTreeOptions {
  /** Counts the archive's bytes. */
  readonly progress?: Progress;
}

/** The archive of the tree as a stream. An error of reading the tree is that of the stream as well. */
export function packArchive(source: TreeSource, options: PackOptions = {}): PieceStream<PackSummary> {
  const { progress, ...read } = options;
  const features = normalizeFeatures(options.features ?? DEFAULT_FEATURES);
  return archiveStream(features, async (onEvent) => {
    const times = new LostTimes(features);
    const tree = await source(times.watch(onEvent), { ...read, features });
    return { ...tree, lostTimes: times.count, lostTimePath: times.count === 0 ? undefined : times.path };
  }, { progress });
}

/**
 * Packs the tree into chunks, which the store to fill gets, and their index; `name` is what the archive is called in
 * messages.
 */
export async function packChunks(
  name: string,
  source: TreeSource,
  workers: Workers,
  options: ReadTreeOptions & Omit<MakeOptions, "flags">,
): Promise<Made & { readonly tree: PackSummary }> {
  const { features = DEFAULT_FEATURES, exclude, skipNames, signal, ...make } = options;
  const flags = make.digest === "sha256" ? features & ~SHA512_256 : features | SHA512_256;
  const archive = packArchive(source, { features: flags, exclude, skipNames, signal });
  const made = await makeFromStream(name, archive.readable, workers, {
    ...make,
    flags: normalizeFeatures(flags),
    ownsPieces: true,
    signal,
  });
  return { ...made, tree: await archive.done };
}
