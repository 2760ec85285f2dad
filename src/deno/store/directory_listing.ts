/**
 * What lies in the directory of a store: chunks, and what killed writers left. Everything else is ignored.
 */
import { isChunkPrefix, type NamedChunk, parseChunkName, TEMPORARY_PREFIX } from "../../core/chunk.ts";
import { fileError, isNotFound, reasonOf } from "../files/file_errors.ts";
import { isStale } from "../files/stale.ts";

/** The `abcd` directories of a store, in order. */
export function storePrefixes(directory: string): string[] {
  return entriesOf(directory).filter(({ isDirectory, name }) => isDirectory && isChunkPrefix(name))
    .map(({ name }) => name).sort();
}

/** What has the name of such a directory but is not one, such as a symlink to one. */
export function otherPrefixes(directory: string): string[] {
  return entriesOf(directory).filter(({ isDirectory, name }) => !isDirectory && isChunkPrefix(name))
    .map(({ name }) => name).sort();
}

/** What lies under a chunk's name. */
interface ChunkEntry extends NamedChunk {
  /** No pipe, directory or the like, and no symlink. */
  readonly isFile: boolean;
}

/** The chunks in one of them whose names belong there, and end with the suffix: those of other keys are not seen. */
export function* listChunks(directory: string, prefix: string, suffix: string): Generator<ChunkEntry> {
  for (const { name, isFile } of entriesOf(`${directory}/${prefix}`)) {
    const chunk = parseChunkName(name, suffix);
    if (chunk?.id.startsWith(prefix)) yield { ...chunk, isFile };
  }
}

/** A chunk that is smaller is as much work as one of so many bytes: it may be compressed. */
const LEAST_WORK = 64 * 1024;

/**
 * Roughly the bytes that have to be looked at to verify one of them. What is above `most` is not counted to its end.
 */
export function bytesToVerify(directory: string, prefix: string, most: number): number {
  let bytes = LEAST_WORK;
  for (const { name } of entriesOf(`${directory}/${prefix}`)) {
    if (bytes > most) break;
    bytes += Math.max(LEAST_WORK, sizeOf(`${directory}/${prefix}/${name}`));
  }
  return bytes;
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    // It is gone, or a symlink to nothing: there is nothing to look at.
    return 0;
  }
}

/** Removes stale temporary files from one of them. Returns how many, and their bytes. */
export function removeStaleFiles(
  directory: string,
  prefix: string,
  dryRun = false,
): { files: number; bytes: number } {
  let files = 0;
  let bytes = 0;
  for (const entry of entriesOf(`${directory}/${prefix}`)) {
    if (!entry.isFile || !entry.name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = `${directory}/${prefix}/${entry.name}`;
    try {
      const { size, mtime } = Deno.statSync(path);
      if (!isStale(mtime)) continue;
      if (!dryRun) Deno.removeSync(path);
      files++;
      bytes += size;
    } catch (error) {
      if (!isNotFound(error)) throw fileError("remove", path, error);
    }
  }
  return { files, bytes };
}

/** Removes a file. Returns why it could not be removed, `undefined` when it is gone. */
export function removeFile(path: string): string | undefined {
  try {
    if (Deno.lstatSync(path).isDirectory) return "it is a directory";
    Deno.removeSync(path);
    return undefined;
  } catch (error) {
    return isNotFound(error) ? undefined : reasonOf(error);
  }
}

function entriesOf(directory: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(directory)];
  } catch (error) {
    throw fileError("read", `the directory ${directory}`, error);
  }
}
