/** Bytes, at once or piece by piece, written to where the user wants them. */
import { fstatSync } from "node:fs";
import { freeBytes } from "../bytes.ts";
import { claimDevice } from "../deno/device_claim.ts";
import { openOutput } from "../deno/output_file.ts";
import { isSpecialPlace, outputError } from "../deno/output_place.ts";
import { isClosedPipe } from "../deno/stdio.ts";
import { syncFile } from "../deno/sync.ts";
import { WholeFile } from "../deno/whole_file.ts";
import { OutputClosed, printBytes } from "./output.ts";
import { orInterrupted } from "../or_interrupted.ts";

/** Whether the user means standard output. */
export function isStandardOutput(path: string | undefined): path is "-" | undefined {
  return path === undefined || path === "-";
}

/** Whether a file of this machine is written: not what may be shown as it comes. */
export function writesFile(path: string | undefined): boolean {
  if (!isStandardOutput(path)) return !isSpecialPlace(path);
  try {
    return fstatSync(1).isFile();
  } catch {
    return false;
  }
}

/**
 * Writes to standard output (`-`) or straight to what is at the path, emptying it before. Throws `OutputClosed` when nobody
 * reads any more, `io`, `interrupted`.
 */
async function writePieces(
  path: string | undefined,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal,
  sync: boolean,
): Promise<void> {
  if (isStandardOutput(path)) return await writeTo((bytes) => printBytes(bytes, signal), pieces);
  using _claim = claimDevice(path, "unmount it first");
  using file = await naming(path, () => openOutput(path, signal));
  await writeTo((bytes) => naming(path, () => writeFully(file, bytes, signal)), pieces);
  if (sync) await naming(path, () => orInterrupted(() => syncFile(file), signal));
}

/** Runs what writes there, whose errors then say so. */
async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isClosedPipe(error) ? new OutputClosed() : outputError(path, error);
  }
}

/** A pipe may have a reader that takes its time: nothing here waits for it in a way that Ctrl-C cannot end. */
async function writeFully(file: Deno.FsFile, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await orInterrupted(() => file.write(bytes.subarray(at)), signal);
  }
}

/**
 * Writes a file whole or not at all, and anything else as {@linkcode writePieces} does. `begin` is told the name that the file
 * has meanwhile, if any, and gives the bytes. With `sync`, a power cut takes nothing away from a file or device;
 * standard output is left to whoever gave it.
 */
export async function writeWholePieces(
  path: string | undefined,
  begin: (temporary?: string) => AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal,
  sync = true,
): Promise<void> {
  if (isStandardOutput(path) || isSpecialPlace(path)) return await writePieces(path, begin(), signal, sync);
  using file = new WholeFile(path, sync);
  for await (const piece of begin(file.temporary)) {
    file.write(piece);
    freeBytes(piece);
  }
  await file.commit(signal);
}

/** Writes a result that is complete, as {@linkcode writeWholePieces} does. Nobody may use the bytes afterwards. */
export async function writeResult(
  path: string | undefined,
  bytes: Uint8Array,
  signal: AbortSignal,
  sync?: boolean,
): Promise<void> {
  await writeWholePieces(path, () => [bytes], signal, sync);
}

/** The memory of each piece is given back when it is written. */
async function writeTo(
  write: (bytes: Uint8Array) => Promise<void>,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  for await (const piece of pieces) {
    await write(piece);
    freeBytes(piece);
  }
}
