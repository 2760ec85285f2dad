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
  // On a terminal it would stand behind the bar.
  if (wiper !== "" && Deno.stdout.isTerminal()) printError(wiper);
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

/** How sentences are written to standard error: as lines, or for programs as JSON. */
let asJson = false;
/** What is written in front of them: it wipes a bar away, which is drawn again behind them. */
let wiper = "";

/** From now on sentences on standard error are lines of JSON, like the progress that is asked for so. */
export function useJson(): void {
  asJson = true;
}

/** Whether {@linkcode useJson} was called. */
export function usesJson(): boolean {
  return asJson;
}

/** From now on a bar is drawn in the terminal's last line that `wipe` wipes away; empty when it no longer is. */
export function barIsDrawn(wipe: string): void {
  wiper = wipe;
}

/** Reports on standard error what does not end the command. */
export function warn(sentence: string): void {
  printError(asJson ? `${JSON.stringify({ warning: sentence })}\n` : `${wiper}desync: ${sentence}\n`);
}

function writeFully(file: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += file.writeSync(bytes.subarray(written));
}
