/** What lies in the folder of a store: chunks, and what killed writers left. Everything else is nobody's business. */
import { type ChunkId, COMPRESSED_SUFFIX, isChunkId, type StoredForm } from "../chunk.ts";
import { TEMPORARY_PREFIX } from "./chunk_folder.ts";
import { fileError, isNotFound, reasonOf } from "./file_errors.ts";
import { isLeftover } from "./temporary_file.ts";

/** The `abcd` folders of a store, in order. */
export function storePrefixes(folder: string): string[] {
  return entriesOf(folder).filter((e) => e.isDirectory && /^[0-9a-f]{4}$/.test(e.name)).map((e) => e.name)
    .sort();
}

/** The chunks in one of them whose names belong there. */
export function* listChunks(folder: string, prefix: string): Generator<{ id: ChunkId; form: StoredForm }> {
  for (const entry of entriesOf(`${folder}/${prefix}`)) {
    const compressed = entry.name.endsWith(COMPRESSED_SUFFIX);
    const id = compressed ? entry.name.slice(0, -COMPRESSED_SUFFIX.length) : entry.name;
    if (!entry.isFile || !isChunkId(id) || !id.startsWith(prefix)) continue;
    yield { id, form: compressed ? "compressed" : "plain" };
  }
}

/** Removes old temporary files from one of them. Returns how many, and their bytes. */
export function removeLeftovers(
  folder: string,
  prefix: string,
  dryRun = false,
): { files: number; bytes: number } {
  let files = 0;
  let bytes = 0;
  for (const entry of entriesOf(`${folder}/${prefix}`)) {
    if (!entry.isFile || !entry.name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = `${folder}/${prefix}/${entry.name}`;
    try {
      const { size, mtime } = Deno.statSync(path);
      if (!isLeftover(mtime)) continue;
      if (!dryRun) Deno.removeSync(path);
      files++;
      bytes += size;
    } catch (error) {
      if (!isNotFound(error)) throw fileError(`remove ${path}`, error);
    }
  }
  return { files, bytes };
}

/** Removes a file. Returns why it could not be removed, `undefined` when it is gone. */
export function removeFile(path: string): string | undefined {
  try {
    Deno.removeSync(path);
    return undefined;
  } catch (error) {
    return isNotFound(error) ? undefined : reasonOf(error);
  }
}

function entriesOf(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    throw fileError(`read the folder ${folder}`, error);
  }
}
