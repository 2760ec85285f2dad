/** Writing to standard output and error. */
import { fileError } from "../deno/file_errors.ts";

const encoder = new TextEncoder();

/** Whoever read our output has closed it: nobody is left to tell. */
export class OutputClosed extends Error {}

/** Writes to standard output. Throws {@linkcode OutputClosed} when nobody reads it any more. */
export function print(text: string): void {
  try {
    writeFully(Deno.stdout, encoder.encode(text));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw fileError("write standard output", error);
  }
}

/** The same for what is told on the way of work that goes on when nobody reads it any more. */
export function printInPassing(text: string): void {
  try {
    print(text);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}

/** Writes to standard error, as far as that is possible. */
export function printError(text: string): void {
  try {
    writeFully(Deno.stderr, encoder.encode(text));
  } catch {
    // There is nobody to tell.
  }
}

function writeFully(file: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += file.writeSync(bytes.subarray(written));
}
