/** Bytes written to a path of this machine: a file appears whole or not at all, what is special is written as it is. */
import { freeBytes } from "../../core/bytes.ts";
import { abortable } from "../../core/abortable.ts";
import { claimDevice } from "./device_claim.ts";
import { openOutput } from "./output_file.ts";
import { isSpecialOutput, outputError } from "./output_checks.ts";
import { isClosedPipe } from "../system/stdio.ts";
import { syncFile } from "./sync.ts";
import { WholeFile } from "./whole_file.ts";

/** Pieces, whose memory is given back when they are written. */
export type PiecesToWrite = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** How it is written. */
interface WriteOptions {
  readonly signal?: AbortSignal;
  /** Let no power cut take anything away from a file or device. Default: true. */
  readonly sync?: boolean;
}

/**
 * `begin` gets the name that the file has meanwhile, if any, and gives the bytes. Throws `missing-file`, `io`,
 * `usage`, `interrupted`, and as it comes the error of a pipe whose reader has closed it.
 */
export async function writeWhole(
  path: string,
  begin: (temporary?: string) => PiecesToWrite,
  { signal, sync = true }: WriteOptions = {},
): Promise<void> {
  if (isSpecialOutput(path)) return await writeThrough(path, begin(), signal, sync);
  using file = new WholeFile(path, sync);
  await writeEach(begin(file.temporary), (bytes) => file.write(bytes));
  await file.commit(signal);
}

/** Writes each piece and gives its memory back. */
export async function writeEach(
  pieces: PiecesToWrite,
  write: (bytes: Uint8Array) => void | Promise<void>,
): Promise<void> {
  for await (const piece of pieces) {
    await write(piece);
    freeBytes(piece);
  }
}

/** Writes straight to what is there, emptying it before. */
async function writeThrough(
  path: string,
  pieces: PiecesToWrite,
  signal: AbortSignal | undefined,
  sync: boolean,
): Promise<void> {
  using _claim = claimDevice(path, "unmount it first");
  using file = await naming(path, () => openOutput(path, signal));
  await writeEach(pieces, (bytes) => naming(path, () => writeFully(file, bytes, signal)));
  if (sync) await naming(path, () => abortable(() => syncFile(file), signal));
}

/** Runs what writes there, whose errors then say so. */
async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isClosedPipe(error) ? error : outputError(path, error);
  }
}

/** A pipe may have a reader that takes its time: nothing here waits for it in a way that Ctrl-C cannot end. */
async function writeFully(file: Deno.FsFile, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await abortable(() => file.write(bytes.subarray(at)), signal);
  }
}
