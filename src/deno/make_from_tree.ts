/** Trees cut into chunks, with everything wired. Apart from make.ts, which need not load what reads trees. */
import type { ReadTreeOptions, TreeSource } from "../archive/tree_ports.ts";
import type { Made } from "../jobs/make.ts";
import { packChunks, type PackSummary } from "../jobs/pack.ts";
import { cutting, type MakeOptions, storing } from "./make.ts";
import { treeSource } from "./tar.ts";

/** What {@linkcode makeFromTree} may be given. */
export interface MakeFromTreeOptions extends MakeOptions, ReadTreeOptions {
  /** What the archive is called in messages. Default: the directory, or `the tree`. */
  readonly name?: string;
}

/** What {@linkcode makeFromTree} made. */
export interface MadeFromTree extends Made {
  /** What was packed. */
  readonly tree: PackSummary;
}

/**
 * Packs a directory of this machine, or whatever can be read as a tree, into an archive that is cut into chunks: `tar`
 * and {@linkcode makeFromStream} in one.
 *
 * Throws what reading the tree and the store throw, and `interrupted`.
 *
 * @example Store a directory, and unpack it again
 * ```ts
 * import { ChunkedBlob } from "@desync/desync";
 * import { LocalStore, makeFromTree, untar } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const store = new LocalStore(`${directory}/store`, { create: true });
 * const { index, tree } = await makeFromTree("src/formats", { store });
 * if (tree.changed > 0) throw new Error(`${tree.changedPath} changed while it was read`);
 *
 * await untar(ChunkedBlob.open(index, store).stream(), `${directory}/again`, { sameOwner: false });
 * if (!(await Deno.stat(`${directory}/again/protocol.ts`)).isFile) throw new Error("a file is missing");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function makeFromTree(
  source: string | TreeSource,
  options: MakeFromTreeOptions = {},
): Promise<MadeFromTree> {
  const { name = typeof source === "string" ? source : "the tree", features, exclude, skipNames } = options;
  return await storing(options, (workers, destination) => {
    const packing = { ...cutting(options), features, exclude, skipNames, destination };
    return packChunks(name, treeSource(source), workers, packing);
  });
}
