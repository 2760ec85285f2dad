/** The directory of the page that a server has for people. */
import { DesyncError } from "../../core/errors.ts";
import { readWhole } from "../../deno/files/read_whole.ts";
import { join } from "../../deno/system/paths.ts";
import type { ReadPageFile } from "../../servers/page_files.ts";

/** The program of the page has 200 KB, and an index 40 bytes a chunk. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Reads files of the directory when they are requested. The page gets to know that the store is where it is itself. Throws
 * `usage` when there is no page in the directory.
 */
export async function openPageDirectory(directory: string): Promise<ReadPageFile> {
  const read: ReadPageFile = async (name, signal) => {
    const path = join(directory, name);
    try {
      const bytes = await readWhole(path, path, MOST_BYTES, signal);
      if (name !== "index.html") return bytes;
      const text = new TextDecoder().decode(bytes);
      return new TextEncoder().encode(text.replace(/<html(?=[ >])/, '<html data-store="./"'));
    } catch (error) {
      if (error instanceof DesyncError && error.code === "missing-file") return null;
      throw error;
    }
  };
  if (await read("index.html") === null) {
    throw new DesyncError("usage", {
      action: "serve",
      subject: `the page in ${directory}`,
      reason: "it has no index.html",
      hint: "`deno task page` makes it",
    });
  }
  return read;
}
