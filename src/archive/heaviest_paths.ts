/**
 * The paths of an archive that have the most of something, found by its tables of children (find_in_archive.ts) without
 * reading the rest: a directory is opened only when it has more than the lightest path that is still wanted.
 */
import { MAX_DEPTH } from "../formats/archive/archive_elements.ts";
import { invalidArchive } from "../formats/archive/archive_node.ts";
import { escapeName } from "../formats/archive/node_text.ts";
import type { RandomAccess } from "../stores/byte_source.ts";
import { type ArchiveRange, kindAt, openTable, readName } from "./find_in_archive.ts";

/** A path and how much it weighs. */
export interface PathWeight {
  /** Its escaped name from the root on. A directory's ends in "/" and stands for its own entry and table alone. */
  readonly path: string;
  /** Bytes that it takes in the archive, with its metadata. */
  readonly size: number;
  /** What it weighs. */
  readonly weight: number;
}

/** How paths are weighed. */
export interface HeaviestPathsOptions {
  /** How many at most. */
  readonly most: number;
  readonly signal?: AbortSignal;
}

/** A node that has not been looked at. */
interface Waiting {
  readonly weight: number;
  /** Where it lies: its name, if it has one, included. */
  readonly range: ArchiveRange;
  /** Of its name; the root has none. */
  readonly hash?: bigint;
  /** The path of its directory, which ends in "/" unless it is empty. */
  readonly around: string;
  readonly depth: number;
  /** Known already: a directory's own part. */
  readonly done?: PathWeight;
}

/**
 * The heaviest paths, the heaviest first. `weigh` gives the weight of any part of the archive; it must be additive. Paths
 * that weigh nothing are left out. Throws `invalid-archive`, and whatever `access` throws.
 */
export async function heaviestPaths(
  access: RandomAccess,
  weigh: (start: number, end: number) => number,
  { most, signal }: HeaviestPathsOptions,
): Promise<PathWeight[]> {
  const queue = new HeaviestFirst();
  const found: PathWeight[] = [];
  const root = { start: 0, end: access.size };
  queue.add({ weight: weigh(root.start, root.end), range: root, around: "", depth: 0 });
  for (let next = queue.take(); next !== undefined && found.length < most; next = queue.take()) {
    if (next.done !== undefined) {
      found.push(next.done);
      continue;
    }
    const { range, weight, around, depth, hash } = next;
    let path = around;
    let node = range;
    if (hash !== undefined) {
      const { name, end } = await readName(access, range, hash, { signal });
      path += escapeName(name);
      node = { start: end, end: range.end };
    }
    const size = range.end - range.start;
    if (node.start === node.end || await kindAt(access, node, { signal }) !== "directory") {
      found.push({ path, size, weight });
      continue;
    }
    if (depth > MAX_DEPTH) throw invalidArchive(`its directories are more than ${MAX_DEPTH} deep`);
    const inside = hash === undefined ? "" : `${path}/`;
    const own = { weight, size };
    for (const child of await childrenOf(access, node, signal)) {
      const childWeight = weigh(child.start, child.end);
      own.weight -= childWeight;
      own.size -= child.end - child.start;
      if (childWeight <= 0) continue;
      queue.add({ weight: childWeight, range: child, hash: child.hash, around: inside, depth: depth + 1 });
    }
    if (own.weight > 0) {
      const done = { path: inside === "" ? "./" : inside, ...own };
      queue.add({ weight: own.weight, range, around: inside, depth, done });
    }
  }
  return found;
}

/** The ranges of what a directory has, in their order. In a table that lies, none has a part of another. */
export async function childrenOf(
  access: RandomAccess,
  directory: ArchiveRange,
  signal: AbortSignal | undefined,
): Promise<(ArchiveRange & { readonly hash: bigint })[]> {
  const table = await openTable(access, directory, { signal });
  const children: (ArchiveRange & { readonly hash: bigint })[] = [];
  for await (const { offset, size, hash } of table.items()) {
    const start = table.start - offset;
    children.push({ start, end: start + size, hash });
  }
  children.sort((a, b) => a.start - b.start);
  let end = directory.start;
  for (const child of children) {
    if (child.start < end || child.end > table.start) {
      throw invalidArchive(`a directory's table of children has parts that overlap at byte ${child.start}`);
    }
    end = child.end;
  }
  return children;
}

/** Gives the heaviest of what waits: a binary heap. */
class HeaviestFirst {
  readonly #heap: Waiting[] = [];

  add(item: Waiting): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (heap[parent].weight >= heap[at].weight) break;
      [heap[parent], heap[at]] = [heap[at], heap[parent]];
      at = parent;
    }
  }

  take(): Waiting | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let at = 0;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let heaviest = at;
      if (left < heap.length && heap[left].weight > heap[heaviest].weight) heaviest = left;
      if (right < heap.length && heap[right].weight > heap[heaviest].weight) heaviest = right;
      if (heaviest === at) return top;
      [heap[heaviest], heap[at]] = [heap[at], heap[heaviest]];
      at = heaviest;
    }
  }
}
