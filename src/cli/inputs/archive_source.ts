/** An archive as the user names it: a file, standard input, a URL, or with `-i` an index of chunks in stores. */
import type { DigestName } from "../../core/chunk.ts";
import { DesyncError, type ErrorCode } from "../../core/errors.ts";
import { isDirectory } from "../../deno/files/file_kind.ts";
import { readTree } from "../../deno/tree/tree_reader.ts";
import { ArchiveDecoder, type ArchiveEventHandler } from "../../formats/archive/archive.ts";
import type { ArchiveNode } from "../../formats/archive/archive_elements.ts";
import type { Index } from "../../formats/index/index.ts";
import type { ChunkedBlob } from "../../blob/blob.ts";
import { blobAccess } from "../../blob/blob_access.ts";
import type { ChunkStore, PatchStore, Sources } from "../../stores/store.ts";
import type { RandomAccess } from "../../stores/byte_source.ts";
import { type Pieces, readArchive } from "../../archive/read_archive.ts";
import type { Locator } from "../locator.ts";
import { redactLocation } from "../../deno/schemes.ts";

/** Bytes of chunks that are kept while an archive is looked through at many places. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** The options that say how an archive is read. */
interface ArchiveFlags {
  /** It is an index. */
  readonly index: boolean;
  readonly digest: DigestName | undefined;
}

/** Where an archive's bytes come from. */
export interface ArchiveSource {
  readonly pieces: Pieces;
  /** The digest of the chunks, or the one that was asked for. */
  readonly digest: DigestName;
  /** Bytes of the whole archive, where they are known. */
  readonly size?: number;
  /** To be read at any place; `null` for what can only be read in order. To be disposed of, if it can be. */
  readonly access: () => Promise<RandomAccess & Partial<Disposable> | null>;
}

/** What the archive says of its root; `undefined` when it is no archive, which reading it says. */
export type ReadRoot = () => Promise<ArchiveNode | undefined>;

/** A directory as a store, and the index of its archive. */
export type TreeStore = ChunkStore & { readonly index: Index };

/** Opens the seeds for the archive of the index. */
export type OpenSeeds = (
  index: Index,
  readRoot: ReadRoot,
) => Promise<readonly TreeStore[]>;

/** Makes sources of the delta files that are of use with these seeds. */
export type OpenPatches = (
  index: Index,
  seeds: readonly TreeStore[],
  sources: Sources,
) => Promise<readonly PatchStore[]>;

/** Opens the archive. An index is read before, the archive itself as its pieces are asked for. */
export async function openArchive(
  location: string,
  flags: ArchiveFlags,
  locator: Locator,
  signal: AbortSignal,
  openSeeds?: OpenSeeds,
  openPatches?: OpenPatches,
): Promise<ArchiveSource> {
  if (!flags.index) {
    const bytes = await locator.bytes(location);
    return {
      pieces: bytes.stream({ signal }),
      digest: flags.digest ?? "sha512-256",
      access: () => bytes.access({ signal }),
    };
  }
  const index = await locator.index(location, signal);
  let sources = await locator.sourcesOf(index, openSeeds !== undefined);
  let seeds: readonly TreeStore[] = [];
  if (openSeeds !== undefined && index.count > 0) {
    const withoutSeeds = sources;
    const readRoot = async () => await rootOf(index, await locator.blob(index, withoutSeeds), signal);
    seeds = await openSeeds(index, readRoot);
  }
  sources = { ...sources, seeds, patches: await openPatches?.(index, seeds, sources) };
  const blob = await locator.blob(index, sources);
  return {
    pieces: blob.stream({ signal }),
    digest: index.digest,
    size: index.size,
    access: async () => blobAccess(await locator.blob(index, sources, KEPT_BYTES)),
  };
}

/** The first node of the archive, as far as it is in the first chunk. */
async function rootOf(
  index: Index,
  blob: ChunkedBlob,
  signal: AbortSignal,
): Promise<ArchiveNode | undefined> {
  const decoder = new ArchiveDecoder();
  decoder.push(await blob.slice(0, index.length(0)).bytes({ signal }));
  try {
    const event = decoder.next();
    return event?.type === "node" ? event.node : undefined;
  } catch {
    return undefined;
  }
}

const ABOUT_ARCHIVES: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["invalid-archive", "missing-path"]);

/** Runs `work`, whose errors about the archive then name it and what can be done. */
export async function namingArchive<T>(
  location: string,
  flags: ArchiveFlags,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DesyncError) || !ABOUT_ARCHIVES.has(error.code)) throw error;
    const name = location === "-" ? "on standard input" : redactLocation(location);
    const subject = `the ${flags.index ? "archive of the index" : "archive"} ${name}`;
    throw error.withContext({ action: "read", subject });
  }
}

/** An archive, or a directory that is looked at as if it were one. */
interface NodeSource {
  readonly digest: DigestName;
  readonly read: (onEvent: ArchiveEventHandler) => Promise<void>;
}

/** Opens the archive as {@linkcode openArchive} does, or the directory. */
export async function openNodes(
  location: string,
  flags: ArchiveFlags,
  locator: Locator,
  signal: AbortSignal,
): Promise<NodeSource> {
  if (!flags.index && isReadableDirectory(location)) {
    return {
      digest: flags.digest ?? "sha512-256",
      read: (onEvent) => readTree(location, onEvent, { signal }).then(() => {}),
    };
  }
  const { pieces, digest } = await openArchive(location, flags, locator, signal);
  return {
    digest,
    read: (onEvent) => namingArchive(location, flags, () => readArchive(pieces, onEvent, { signal })),
  };
}

function isReadableDirectory(location: string): boolean {
  try {
    return isDirectory(location);
  } catch {
    // Reading it as an archive says why.
    return false;
  }
}
