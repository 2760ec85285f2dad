/** A file or pipe that is written to as it is, not beside it. */
import { isPipe, pauseForOtherEnd } from "../files/named_pipe.ts";
import { errorCode } from "../system/error_code.ts";
import { node } from "../system/node.ts";

/**
 * Opens and empties what is at the path; nothing is made there. A pipe is waited for until it has a reader, in a way that
 * `signal` ends with `interrupted`: Deno 2.6 stops the whole thread where a pipe is opened that has no reader.
 */
export async function openOutput(path: string, signal?: AbortSignal): Promise<Deno.FsFile> {
  const held = isPipe(path) ? await openWithReader(path, signal) : undefined;
  try {
    return await Deno.open(path, { write: true, truncate: true });
  } finally {
    // Not before: its reader would take it for the end.
    if (held !== undefined) node.fs.closeSync(held);
  }
}

async function openWithReader(path: string, signal?: AbortSignal): Promise<number> {
  while (true) {
    try {
      return node.fs.openSync(path, node.fs.constants.O_WRONLY | node.fs.constants.O_NONBLOCK);
    } catch (error) {
      if (errorCode(error) !== "ENXIO") throw error;
    }
    await pauseForOtherEnd(signal);
  }
}
