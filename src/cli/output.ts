/** Writing to standard output and error. */
import { DesyncError } from "../errors.ts";

const encoder = new TextEncoder();

/** Whoever read our output has closed it: nobody is left to tell, and nothing went wrong. */
export class OutputClosed extends Error {}

/** Writes to standard output. Throws {@linkcode OutputClosed} when nobody reads it any more. */
export function print(text: string): void {
  printBytes(encoder.encode(text));
}

/** The same for bytes. */
export function printBytes(bytes: Uint8Array): void {
  try {
    writeFully(Deno.stdout, bytes);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw new DesyncError("io", `Cannot write to standard output: ${(error as Error).message}`, {
      cause: error,
    });
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
