/** A file, or standard input, that is small enough to be read whole. */
import { concat, resizeBuffer, withoutNodesKind } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { isDevicePath } from "./device_path.ts";
import { fileError, namedFileError, tooLarge } from "./file_errors.ts";
import { filePieces } from "./file_pieces.ts";
import { errorCode } from "../system/error_code.ts";
import { node } from "../system/node.ts";

/**
 * All bytes of the file or pipe, of standard input without a path. Throws `missing-file`, `io` also for more bytes than
 * `limit`, `interrupted`.
 *
 * @param displayName what it is called in messages
 */
export async function readWhole(
  path: string | undefined,
  displayName: string,
  limit: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const size = path === undefined ? undefined : sizeOfFile(path);
  if (size !== undefined && size > limit) throw fileError("read", displayName, tooLarge(limit));
  if (size !== undefined && size > 0) return readFile(path!, displayName);
  const pieces: Uint8Array[] = [];
  let length = 0;
  // It is not known how much comes, nor when: not even of files that the system makes up and calls empty.
  for await (const piece of filePieces(path, signal, displayName)) {
    length += piece.length;
    if (length > limit) throw fileError("read", displayName, tooLarge(limit));
    pieces.push(piece);
  }
  return concat(pieces);
}

/** The most that a small text has that is read with {@linkcode readText}: certificates, passwords. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** How long the writer of a named pipe may take to begin: Ctrl-C is not heard meanwhile. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

/**
 * The text of a small file or of a pipe, at once. Throws what the system does, and `io` for what is not small and for a
 * named pipe without a writer.
 */
export function readText(path: string, patienceMs: number = PATIENCE_MS): string {
  // What is not there is found out without node's modules: most users have no netrc file.
  Deno.statSync(path);
  const file = node.fs.openSync(path, node.fs.constants.O_RDONLY | (node.fs.constants.O_NONBLOCK ?? 0));
  try {
    const isNamedPipe = node.fs.fstatSync(file).isFIFO() && !isDevicePath(path);
    let buffer = new Uint8Array(64 * 1024);
    let length = 0;
    for (let waited = 0;;) {
      const read = readNow(file, buffer.subarray(length));
      if (read === 0 && length === 0 && isNamedPipe && waited >= patienceMs) {
        throw new DesyncError("io", {
          action: "read",
          subject: path,
          reason: "no program writes to this named pipe",
        });
      }
      if (read === undefined || (read === 0 && length === 0 && isNamedPipe)) {
        // The program that has it open may take its time, such as one that asks for a passphrase.
        if (read === 0) waited += PAUSE_MS;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
        continue;
      }
      if (read === 0) return new TextDecoder().decode(buffer.subarray(0, length));
      length += read;
      if (length > MAX_TEXT_BYTES) throw fileError("read", path, tooLarge(MAX_TEXT_BYTES));
      if (length === buffer.length) buffer = new Uint8Array(resizeBuffer(buffer.buffer, 2 * length));
    }
  } finally {
    node.fs.closeSync(file);
  }
}

/** Bytes that were read, `undefined` when there are none yet. */
function readNow(file: number, buffer: Uint8Array): number | undefined {
  try {
    return node.fs.readSync(file, buffer, 0, buffer.length, null);
  } catch (error) {
    if (errorCode(error) === "EAGAIN") return undefined;
    throw error;
  }
}

/** `undefined` for what is no file, or nothing at all: opening it gives the error. */
function sizeOfFile(path: string): number | undefined {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile ? size : undefined;
  } catch {
    return undefined;
  }
}

function readFile(path: string, displayName: string): Uint8Array {
  try {
    return withoutNodesKind(node.fs.readFileSync(path));
  } catch (error) {
    throw namedFileError("read", displayName, error);
  }
}
