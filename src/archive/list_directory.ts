/** What is in a directory of an archive, found by its table of children without reading the rest. */
import { nameText } from "../core/bytes.ts";
import { ArchiveDecoder } from "../formats/archive/archive.ts";
import type { ArchiveNode } from "../formats/archive/archive_elements.ts";
import { invalidArchive } from "../formats/archive/archive_node.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import { type ArchiveRange, readName } from "./find_in_archive.ts";
import { childrenOf } from "./heaviest_paths.ts";

/** One entry of a directory. */
export interface ListedEntry {
  /** Its name, as text. */
  readonly name: string;
  /** Where it is in the archive: what `readParts` reads. */
  readonly range: ArchiveRange;
  /** What the archive says about it; `undefined` for a name without content. */
  readonly node: ArchiveNode | undefined;
}

/** Bytes that hold what is said about nearly every node. */
const HEAD_BYTES = 4096;
/** Entries that are read at a time. */
const CONCURRENCY = 16;

/**
 * The entries of the directory there, in their order; by default those of the root. Reads its table, and of each entry the
 * beginning. Throws `invalid-archive`, and as `access` does.
 *
 * @example The entries of a directory
 * ```ts
 * import { blobAccess, ChunkedBlob, listDirectory, parseIndex } from "@desync/desync";
 * import { LocalStore } from "@desync/desync/deno";
 *
 * const index = parseIndex(await Deno.readFile("testdata/tree.caidx"));
 * const blob = ChunkedBlob.open(index, new LocalStore("testdata/tree.castr"), { keepBytes: 1 << 20 });
 * const entries = await listDirectory(blobAccess(blob));
 * if (!entries.some(({ name, node }) => name === "bin" && node?.kind === "directory")) throw new Error("missing");
 * ```
 */
export async function listDirectory(
  access: RandomAccess,
  directory: ArchiveRange = { start: 0, end: access.size },
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<ListedEntry[]> {
  const children = await childrenOf(access, directory, signal);
  const entries: ListedEntry[] = [];
  await forEachConcurrent(children.entries(), CONCURRENCY, signal, async ([i, child], signal) => {
    const { name, end } = await readName(access, child, child.hash, { signal });
    const range = { start: end, end: child.end };
    const node = range.start === range.end ? undefined : await nodeAt(access, range, signal);
    entries[i] = { name: nameText(name), range, node };
  });
  return entries;
}

/** What the archive says about the node there. */
async function nodeAt(
  access: RandomAccess,
  { start, end }: ArchiveRange,
  signal: AbortSignal,
): Promise<ArchiveNode> {
  const decoder = new ArchiveDecoder({ part: true });
  // Rarely more than once: extended attributes may be long.
  for (let at = start, length = HEAD_BYTES; at < end; at += length, length *= 4) {
    decoder.push(await access.read(at, Math.min(length, end - at), { signal }));
    const event = decoder.next();
    if (event?.type === "node") return event.node;
  }
  throw invalidArchive(`at byte ${start} there is no node`);
}
