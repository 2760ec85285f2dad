/** A file, or standard input, that is small enough to be read whole. */
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { concat } from "../bytes.ts";
import { DesyncError } from "../errors.ts";
import { namedFileError } from "./file_errors.ts";
import { filePieces } from "./file_pieces.ts";

/**
 * All bytes of the file or pipe, of standard input without a path. Throws `missing-file`, `io` also for more bytes than
 * `limit`, `interrupted`.
 *
 * @param shown what it is called in messages
 */
export async function readWhole(
  path: string | undefined,
  shown: string,
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const size = path === undefined ? undefined : sizeOfFile(path);
  if (size !== undefined && size > limit) throw tooLarge(shown, limit);
  if (size !== undefined && size > 0) return readFile(path!, shown);
  const pieces: Uint8Array[] = [];
  let length = 0;
  // Nobody knows how much comes, nor when: not even of files that the system makes up and calls empty.
  for await (const piece of filePieces(path, signal, shown)) {
    length += piece.length;
    if (length > limit) throw tooLarge(shown, limit);
    pieces.push(piece);
  }
  return concat(pieces);
}

/** The most that a small text has that is read with {@linkcode readText}: certificates, passwords. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** The text of a small file or of a pipe, at once. Throws what the system does, and `io` for what is not small. */
export function readText(path: string): string {
  const file = openSync(path, "r");
  try {
    let buffer = new Uint8Array(64 * 1024);
    let length = 0;
    while (true) {
      const read = readSync(file, buffer, length, buffer.length - length, null);
      if (read === 0) return new TextDecoder().decode(buffer.subarray(0, length));
      length += read;
      if (length > MAX_TEXT_BYTES) throw tooLarge(path, MAX_TEXT_BYTES);
      if (length === buffer.length) buffer = new Uint8Array(buffer.buffer.transfer(2 * length));
    }
  } finally {
    closeSync(file);
  }
}

/** `undefined` for what is no file, or nothing at all: opening it tells more. */
function sizeOfFile(path: string): number | undefined {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : undefined;
  } catch {
    return undefined;
  }
}

function readFile(path: string, shown: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw namedFileError(`read ${shown}`, error);
  }
}

function tooLarge(shown: string, limit: number): DesyncError {
  return new DesyncError("io", `Cannot read ${shown}: larger than the limit of ${limit} bytes`);
}
