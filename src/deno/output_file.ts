/** A file or pipe that is written to as it is, not beside it. */
import { closeSync, constants, openSync } from "node:fs";
import { codeOf } from "./tree_system.ts";

/**
 * Opens and empties what is at the path. A pipe that nobody reads yet is looked at again after each `pause`, which may
 * throw: Deno 2.6 stops the whole thread where a pipe is opened that has no reader.
 */
export async function openOutput(path: string, pause: () => Promise<unknown>): Promise<Deno.FsFile> {
  const held = isPipe(path) ? await openWithReader(path, pause) : undefined;
  try {
    return await Deno.open(path, { write: true, create: true, truncate: true });
  } finally {
    // Not before: its reader would take it for the end.
    if (held !== undefined) closeSync(held);
  }
}

async function openWithReader(path: string, pause: () => Promise<unknown>): Promise<number> {
  while (true) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) !== "ENXIO") throw error;
    }
    await pause();
  }
}

function isPipe(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo ?? false;
  } catch {
    // Not there yet, or it may be written but not looked at: opening it tells the rest.
    return false;
  }
}
