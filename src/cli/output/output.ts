/** Writing to standard output and error. */
import { fileError } from "../../deno/files/file_errors.ts";
import { withGivenPaths } from "../../deno/files/given_paths.ts";
import { visibleJson, withoutUnseen } from "../../core/foreign_text.ts";
import { isClosedPipe, write, writeNow } from "../../deno/system/stdio.ts";
import { withoutTypedSecrets } from "./typed_secrets.ts";

const encoder = new TextEncoder();

/** The reader of our output has closed it. */
export class OutputClosed extends Error {}

/** Writes to standard output. Throws {@linkcode OutputClosed} when its reader has closed it. */
export function print(text: string): void {
  try {
    writeNow(1, encoder.encode(text));
  } catch (error) {
    throw outputProblem(error);
  }
}

/** Writes bytes to standard output while other work goes on. Throws `OutputClosed`, `io`, `interrupted`. */
export async function printBytes(bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  await printPieces([bytes], signal);
}

/** The same for bytes in several pieces. */
export async function printPieces(pieces: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
  try {
    await write(1, pieces, signal);
  } catch (error) {
    throw outputProblem(error);
  }
}

function outputProblem(error: unknown): Error {
  return isClosedPipe(error) ? new OutputClosed() : fileError("write", "standard output", error);
}

/** {@linkcode print} for what is found by work that goes on when its reader has closed it. */
export function printIfOpen(text: string): void {
  // On a terminal it would stand behind the bar.
  if (wiper !== "" && Deno.stdout.isTerminal()) writeError(wiper);
  try {
    print(text);
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
}

/** How long a message waits until those before are read; only one does. */
const PATIENCE_MS = 10_000;

let patience = PATIENCE_MS;

/** Writes lines to standard error, as far as that is possible: without what is secret, or would do things to a terminal. */
export function printError(text: string): void {
  writeError(clean(text));
}

function clean(text: string): string {
  return withoutTypedSecrets(withGivenPaths(text)).split("\n").map(withoutUnseen).join("\n");
}

/** The same for programs: a value as JSON, in one line unless it is indented. */
export function printErrorJson(value: unknown, indent?: number): void {
  writeError(`${jsonText(value, indent)}\n`);
}

/** A value as JSON, with its texts as they are printed. */
export function jsonText(value: unknown, indent?: number): string {
  return visibleJson(printable(value), indent);
}

function printable(value: unknown): unknown {
  if (typeof value === "string") return withoutTypedSecrets(withGivenPaths(value));
  if (Array.isArray(value)) return value.map(printable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, printable(field)]));
}

/** Draws a line in the place of the terminal's last one. `paint` may add colours to what is fit to be shown. */
export function drawLine(line: string, paint: (line: string) => string = (line) => line): void {
  writeError(`\r${paint(clean(line))}\x1b[K`);
}

function writeError(text: string): void {
  try {
    if (!writeNow(2, encoder.encode(text), patience)) patience = 0;
  } catch {
    // There is no other place to report it.
  }
}

/** How sentences are written to standard error: as lines, or for programs as JSON. */
let asJson = false;
/** What is written in front of them: it wipes a bar away, which is drawn again behind them. */
let wiper = "";

/** Whether sentences on standard error are lines of JSON from now on, like the progress that is asked for so. */
export function useJson(wanted: boolean): void {
  asJson = wanted;
}

/** What {@linkcode useJson} was given. */
export function usesJson(): boolean {
  return asJson;
}

/** From now on a bar is drawn in the terminal's last line that `wipe` wipes away; empty when it no longer is. */
export function barIsDrawn(wipe: string): void {
  wiper = wipe;
}

/** Where sentences go in a thread that leaves printing to the main one. */
let warnElsewhere: ((sentence: string) => void) | undefined;

/** From now on, this thread's warnings go there. */
export function sendWarnings(to: (sentence: string) => void): void {
  warnElsewhere = to;
}

/** Reports on standard error what does not end the command. */
export function warn(sentence: string): void {
  if (warnElsewhere !== undefined) return warnElsewhere(sentence);
  if (asJson) printErrorJson({ warning: sentence });
  else writeError(`${wiper}${clean(`desync: ${sentence}`)}\n`);
}
