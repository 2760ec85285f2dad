/** Directories of this machine as seeds for archives, with everything wired. */
import type { ChunkSizes, DigestName } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import type { Progress } from "../core/progress.ts";
import type { TreeSource } from "../archive/tree_ports.ts";
import type { ArchiveNode } from "../formats/archive/archive_elements.ts";
import type { ArchiveEventHandler } from "../formats/archive/archive.ts";
import type { Index } from "../formats/index/index.ts";
import type { ChunkStore } from "../stores/store.ts";
import { fileError } from "./files/file_errors.ts";
import { makeFromTree } from "./make_from_tree.ts";
import { JobLibc } from "./system/libc.ts";
import { ownIds } from "./system/permitted.ts";
import { nativeTree } from "./tree/native_tree.ts";
import { portableTree } from "./tree/portable_tree.ts";
import { TreeFiles } from "./tree/seed/tree_files.ts";
import { TreeLayout } from "./tree/seed/tree_layout.ts";
import { TreeSeed } from "./tree/seed/tree_seed.ts";
import { readTreeBy, type ReadTreeByOptions } from "./tree/tree_reader.ts";

/** What a seed is for. */
export interface TreeSeedOptions {
  /** What the archive that is to be unpacked records: only a seed that is packed alike has chunks in common with it. */
  readonly features: bigint;
  /**
   * Files of the user and group who run this count as files of this owner: for a tree that was unpacked without its owners.
   * Default: nothing is changed.
   */
  readonly ownAs?: Pick<ArchiveNode, "uid" | "gid" | "user" | "group">;
  /** How the archive was cut. */
  readonly sizes: ChunkSizes;
  /** What its chunks' ids are. */
  readonly digest: DigestName;
  /** Files of the seed with more bytes are left out. Default: none. */
  readonly maxFileSize?: number;
  /** The index of the archive that was unpacked into the directory, which has not changed since. Default: it is cut now. */
  readonly index?: Index;
  /** Threads for hashing. Default: one for each processor. */
  readonly threads?: number;
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Counts the bytes of the seed's archive. */
  readonly progress?: Progress;
  /** Called for what cannot be read of the directory: the seed goes without it. */
  readonly onUnreadable?: (error: DesyncError) => void;
}

/**
 * Looks through a directory of this machine, so that what a new version of it has in common with it need not be fetched:
 * a store for {@linkcode Sources.seeds} that has the chunks of the archive that `tar` would make of the directory. They
 * are read from the files when they are asked for; `index` is that archive's. Nothing is written, and what changes meanwhile is noticed, since all
 * chunks are verified.
 *
 * Throws `missing-file` or `io` when the directory cannot be opened, `mismatch` when it is not what `index` describes,
 * `unsupported` when it cannot be packed with these features, and `interrupted`.
 *
 * @example Unpack a version, with what the version before has of it
 * ```ts
 * import { ChunkedBlob } from "@desync/desync";
 * import { LocalStore, makeFromTree, openTreeSeed, untar } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const store = new LocalStore(`${directory}/store`, { create: true });
 * const { index } = await makeFromTree("src/formats", { store });
 *
 * const { flags: features, sizes, digest } = index;
 * await using seed = await openTreeSeed("src/formats", { features, sizes, digest });
 * // All is in the seed, so no store is needed.
 * const blob = ChunkedBlob.open(index, { seeds: [seed], stores: [] });
 * await untar(blob.stream(), `${directory}/again`, { sameOwner: false });
 * if (!(await Deno.stat(`${directory}/again/protocol.ts`)).isFile) throw new Error("a file is missing");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function openTreeSeed(
  directory: string,
  options: TreeSeedOptions,
): Promise<ChunkStore & { readonly index: Index }> {
  using owned = new DisposableStack();
  const { libc } = owned.use(new JobLibc());
  const layout = owned.use(new TreeLayout(options.features));
  try {
    const index = await lookThrough(directory, layout, options);
    const files = owned.use(new TreeFiles(nativeTree(libc) ?? portableTree(), directory, layout));
    return new TreeSeed(directory, index, { layout, files, owned: owned.move() });
  } catch (error) {
    throw fileError("read", directory, error);
  }
}

/** The index of the directory's archive, which `layout` gets to know. */
async function lookThrough(directory: string, layout: TreeLayout, options: TreeSeedOptions): Promise<Index> {
  const { features, sizes, digest, threads, signal, progress } = options;
  const reading: ReadTreeByOptions = {
    withoutData: options.index !== undefined,
    maxFileSize: options.maxFileSize,
    onUnreadable: options.onUnreadable ?? (() => {}),
  };
  const read: TreeSource = (onEvent, more) => {
    const passOn: ArchiveEventHandler = (event) => {
      const known = event.type === "node" ? { ...event, node: likeArchive(event.node) } : event;
      layout.visit(known);
      return onEvent(known);
    };
    return readTreeBy(directory, passOn, { ...more, ...reading });
  };
  const likeArchive = owning(options.ownAs);
  let { index } = options;
  if (index === undefined) {
    ({ index } = await makeFromTree(read, { features, sizes, digest, threads, signal, progress }));
  } else await read(() => {}, { features, signal });
  layout.finish();
  if (layout.size === index.size) return index;
  throw new DesyncError("mismatch", {
    action: "use",
    subject: directory,
    reason: "it is not what its index describes",
  });
}

/** Gives one's own files to another owner. */
function owning(ownAs: TreeSeedOptions["ownAs"]): (node: ArchiveNode) => ArchiveNode {
  const self = ownIds();
  if (ownAs === undefined || self === undefined) return (node) => node;
  const { uid, gid, user, group } = ownAs;
  return (node) => node.uid === self.uid && node.gid === self.gid ? { ...node, uid, gid, user, group } : node;
}
