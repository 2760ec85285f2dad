/** Bytes, at once or piece by piece, written to where the user wants them. */
import { isSpecialOutput } from "../../deno/output/output_checks.ts";
import { isClosedPipe } from "../../deno/system/stdio.ts";
import { type PiecesToWrite, writeEach, writeWhole } from "../../deno/output/write_whole.ts";
import { OutputClosed, printBytes } from "./output.ts";
import { node } from "../../deno/system/node.ts";

/** Whether the user means standard output. */
export function isStandardOutput(path: string | undefined): path is "-" | undefined {
  return path === undefined || path === "-";
}

/** Whether a file of this machine is written: not what may be shown as it comes. */
export function writesFile(path: string | undefined): boolean {
  if (!isStandardOutput(path)) return !isSpecialOutput(path);
  try {
    return node.fs.fstatSync(1).isFile();
  } catch {
    return false;
  }
}

/** Runs what writes to a pipe, perhaps. Throws `OutputClosed` when its reader has closed it. */
export async function untilClosed(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw isClosedPipe(error) ? new OutputClosed() : error;
  }
}

/**
 * Writes to standard output (`-`), or to a path as {@linkcode writeWhole} does. Throws `OutputClosed` when the reader is
 * gone. Standard output is the caller's: nothing waits until it is on the disk.
 */
export async function writeWholePieces(
  path: string | undefined,
  begin: (temporary?: string) => PiecesToWrite,
  signal: AbortSignal,
  sync = true,
): Promise<void> {
  if (isStandardOutput(path)) return await writeEach(begin(), (bytes) => printBytes(bytes, signal));
  await untilClosed(() => writeWhole(path, begin, { signal, sync }));
}

/** Writes a result that is complete, as {@linkcode writeWholePieces} does. The caller must not use the bytes afterwards. */
export async function writeResult(
  path: string | undefined,
  bytes: Uint8Array,
  signal: AbortSignal,
  sync?: boolean,
): Promise<void> {
  await writeWholePieces(path, () => [bytes], signal, sync);
}
