/**
 * Finds a file or directory in an archive by the tables of children (GOODBYE, see goodbye.ts) from the archive's end
 * downwards, reading nothing else.
 *
 * Nothing that a table says is believed: what it points to lies inside of what was looked at before, so that every step
 * makes that smaller, and has to have the name that is looked for. Its size is not trusted: it is read as an
 * archive of its own, which has to end where the table says.
 */
import { equalBytes, readU64, viewOf } from "../core/bytes.ts";
import { DesyncError } from "../core/errors.ts";
import {
  ELEMENT,
  ELEMENT_HEADER_BYTES,
  ENTRY_BYTES,
  KINDS,
  MAX_NAME_BYTES,
} from "../formats/archive/archive_elements.ts";
import { elementName, invalidArchive } from "../formats/archive/archive_node.ts";
import {
  GOODBYE_ITEM_BYTES,
  type GoodbyeItem,
  nameHash,
  parseGoodbyeItem,
  parseGoodbyeTail,
} from "../formats/archive/goodbye.ts";
import { escapeName } from "../formats/archive/node_text.ts";
import type { RandomAccess } from "../stores/byte_source.ts";

/** Where a node lies in an archive: from its ENTRY to its end. */
export interface ArchiveRange {
  /** First byte of its ENTRY. */
  readonly start: number;
  /** Just past its last byte. */
  readonly end: number;
}

/** No more of the same name are looked for. Archives that were made of tars may have some. */
const MAX_SAME_NAME = 1000;
/** Items of a table that are read together. */
const ITEMS_AT_ONCE = 10_000;
const FILENAME_BYTES = ELEMENT_HEADER_BYTES + MAX_NAME_BYTES + 1;

/**
 * The ranges of the node with this path, names from the root downwards. There are several when the archive has the name
 * several times, as those made of tars may: in their order in it, in which later ones replace earlier ones.
 *
 * Throws `missing-path` when there is none, `invalid-archive`, and whatever `access` throws.
 */
export async function findInArchive(
  access: RandomAccess,
  names: readonly Uint8Array[],
  options: { signal?: AbortSignal } = {},
): Promise<ArchiveRange[]> {
  let ranges: ArchiveRange[] = [{ start: 0, end: access.size }];
  let path = "";
  for (const name of names) {
    const found: ArchiveRange[] = [];
    const starts = new Set<number>();
    const around = path === "" ? "the archive" : `"${path}"`;
    path = path === "" ? escapeName(name) : `${path}/${escapeName(name)}`;
    for (const range of ranges) {
      const kind = await kindAt(access, range, options);
      if (kind !== "directory") {
        if (ranges.length > 1) continue;
        throw missingPath(path, `not found: ${around} is a ${kind}, not a directory`);
      }
      found.push(...await findChild(access, range, name, path, starts, options));
    }
    if (found.length === 0) throw missingPath(path);
    ranges = found;
  }
  return ranges;
}

/** The error for a path that an archive does not have. */
export function missingPath(path: string, reason = "not found"): DesyncError {
  return new DesyncError("missing-path", { subject: `"${path}"`, reason });
}

/** What kind of node begins there. */
export async function kindAt(
  access: RandomAccess,
  { start, end }: ArchiveRange,
  options: { signal?: AbortSignal },
): Promise<string> {
  if (end - start < ENTRY_BYTES) throw invalidArchive(`at byte ${start} there is no node`);
  const view = viewOf(await access.read(start, ENTRY_BYTES, options));
  if (elementName(view.getBigUint64(8, true), start) !== "entry" || readU64(view, 0) !== ENTRY_BYTES) {
    throw invalidArchive(`at byte ${start} there is no node`);
  }
  const mode = readU64(view, 24) ?? 0;
  const kind = KINDS.get(mode - mode % 0o10000);
  if (kind === undefined) throw invalidArchive("a node is of no known kind");
  return kind;
}

/**
 * The ranges in a directory that have this name, in their order. `starts` is where those began that other directories
 * of the same path have: one that is listed twice would double what is found with every name of a path.
 */
async function findChild(
  access: RandomAccess,
  directory: ArchiveRange,
  name: Uint8Array,
  path: string,
  starts: Set<number>,
  options: { signal?: AbortSignal },
): Promise<ArchiveRange[]> {
  const table = await openTable(access, directory, options);
  const found: ArchiveRange[] = [];
  for await (const item of table.itemsOf(nameHash(name))) {
    const start = table.start - item.offset;
    if (starts.has(start)) throw invalidArchive(`its tables of children name byte ${start} several times`);
    if (starts.add(start).size > MAX_SAME_NAME) {
      throw invalidArchive(`it has ${path} more than ${MAX_SAME_NAME} times`);
    }
    const node = await nodeBehindName(access, { start, end: start + item.size }, item.hash, name, options);
    if (node === "other") continue;
    if (node === "omitted") {
      throw missingPath(path, "has a name but no content: the program that made the archive omitted it");
    }
    found.push(node);
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The node of a child that begins with its name. `other` when names share a hash. */
async function nodeBehindName(
  access: RandomAccess,
  { start, end }: ArchiveRange,
  hash: bigint,
  name: Uint8Array,
  options: { signal?: AbortSignal },
): Promise<ArchiveRange | "other" | "omitted"> {
  const there = await readName(access, { start, end }, hash, options);
  if (!equalBytes(there.name, name)) return "other";
  return there.end === end ? "omitted" : { start: there.end, end };
}

/** The name of a child that begins with it, and where the name ends. Throws `invalid-archive` for one of another hash. */
export async function readName(
  access: RandomAccess,
  { start, end }: ArchiveRange,
  hash: bigint,
  options: { signal?: AbortSignal },
): Promise<{ readonly name: Uint8Array; readonly end: number }> {
  const wrong = () =>
    invalidArchive(`a directory's table of children points to byte ${start}, where no name is`);
  if (end - start < ELEMENT_HEADER_BYTES + 2) throw wrong();
  const bytes = await access.read(start, Math.min(end - start, FILENAME_BYTES), options);
  const size = readU64(viewOf(bytes), 0);
  if (viewOf(bytes).getBigUint64(8, true) !== ELEMENT.filename || size === undefined) throw wrong();
  if (size < ELEMENT_HEADER_BYTES + 2 || size > bytes.length || bytes[size - 1] !== 0) throw wrong();
  const name = bytes.subarray(ELEMENT_HEADER_BYTES, size - 1);
  if (nameHash(name) !== hash) {
    throw invalidArchive(`a directory's table of children points to ${escapeName(name)} and means another`);
  }
  return { name, end: start + size };
}

/** A directory's table. */
export interface Table {
  /** Where it begins. */
  readonly start: number;
  /** All of them, in no order. */
  items(): AsyncGenerator<GoodbyeItem>;
  /** Those of this hash, in no order. */
  itemsOf(hash: bigint): AsyncGenerator<GoodbyeItem>;
}

/** Opens the table of this directory. Throws `invalid-archive` for one that does not fit it. */
export async function openTable(
  access: RandomAccess,
  directory: ArchiveRange,
  options: { signal?: AbortSignal },
): Promise<Table> {
  const { size, entryOffset } = parseGoodbyeTail(
    await access.read(directory.end - GOODBYE_ITEM_BYTES, GOODBYE_ITEM_BYTES, options),
  );
  const start = directory.end - size;
  const count = (size - ELEMENT_HEADER_BYTES) / GOODBYE_ITEM_BYTES - 1;
  if (
    start - entryOffset !== directory.start || entryOffset < ENTRY_BYTES || count < 0 ||
    !Number.isInteger(count)
  ) {
    throw invalidArchive(
      `the table of children that ends at byte ${directory.end} does not fit its directory`,
    );
  }
  const parse = (bytes: Uint8Array): GoodbyeItem => {
    const found = parseGoodbyeItem(bytes);
    if (found.offset > entryOffset - ENTRY_BYTES) {
      throw invalidArchive("a directory's table of children points outside of it");
    }
    return found;
  };
  const offsetOf = (at: number) => start + ELEMENT_HEADER_BYTES + at * GOODBYE_ITEM_BYTES;
  const item = async (at: number) => parse(await access.read(offsetOf(at), GOODBYE_ITEM_BYTES, options));
  return {
    start,
    async *items() {
      for (let at = 0; at < count; at += ITEMS_AT_ONCE) {
        const length = Math.min(ITEMS_AT_ONCE, count - at) * GOODBYE_ITEM_BYTES;
        const bytes = await access.read(offsetOf(at), length, options);
        for (let i = 0; i < length; i += GOODBYE_ITEM_BYTES) {
          yield parse(bytes.subarray(i, i + GOODBYE_ITEM_BYTES));
        }
      }
    },
    async *itemsOf(hash) {
      // Smaller hashes are at 2i+1, larger ones at 2i+2. In a table that lies, no place is looked at twice.
      const waiting = [0];
      for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
        if (at >= count) continue;
        const found = await item(at);
        if (hash >= found.hash) waiting.push(2 * at + 2);
        if (hash <= found.hash) waiting.push(2 * at + 1);
        if (hash === found.hash) yield found;
      }
    },
  };
}
