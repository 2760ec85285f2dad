/** A file or standard input, read in order and piece by piece, stopped by Ctrl-C even where nothing comes. */
import { PIECE_BYTES } from "../../core/bytes.ts";
import { abortable } from "../../core/abortable.ts";
import { namedFileError } from "./file_errors.ts";
import { openInput } from "./input_file.ts";

/**
 * The bytes of the file, of standard input without a path. Throws `missing-file`, `io`, `interrupted`.
 *
 * @param displayName what it is called in messages
 */
export async function* filePieces(
  path: string | undefined,
  signal?: AbortSignal,
  displayName: string = path ?? "standard input",
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  try {
    if (path === undefined) return yield* readPieces(Deno.stdin, signal);
    const { file, first } = await openInput(path, signal);
    using _ = file;
    if (first.length > 0) yield first;
    yield* readPieces(file, signal);
  } catch (error) {
    throw namedFileError("read", displayName, error);
  }
}

async function* readPieces(
  file: { read(buffer: Uint8Array): Promise<number | null> },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  while (true) {
    const buffer = new Uint8Array(PIECE_BYTES);
    const length = await abortable(() => file.read(buffer), signal);
    if (length === null) return;
    yield buffer.subarray(0, length);
  }
}
