/** The three programs whose files and servers each of them is tried with. */

import { strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { runCli } from "../support/cli.ts";
import { cliCommand } from "../support/cli_command.ts";
import type { Cells, Outcome } from "../support/documents/matrix.ts";
import { peers } from "../support/peers.ts";
import { random } from "../support/random.ts";
import { runAny, type RunOptions, type RunResult } from "../support/process.ts";
import type { TempDir } from "../support/temp.ts";
import { pairs } from "../support/thorough.ts";

export const ignore = !peers.casync || !peers.desync;

export const commands = {
  "casync": [peers.casync ?? ""],
  "desync": [peers.desync ?? ""],
  "this program": [...cliCommand],
} as const;
export type Program = keyof typeof commands;
export const programs = Object.keys(commands) as Program[];

export function start(program: Program, words: string[], options: RunOptions = {}): Promise<RunResult> {
  // Notes quote what is said in English.
  const inEnglish = { ...options, env: { LC_ALL: "C", ...options.env } };
  if (program === "this program") return runCli(words, inEnglish);
  const [command, ...before] = commands[program];
  return runAny(command, [...before, ...words], inEnglish);
}

/** The same for what has to work whatever the table says. */
export async function startWell(
  program: Program,
  words: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await start(program, words, options);
  strictEqual(result.code, 0, `${program} ${words.join(" ")}: ${result.stderr}`);
  return result;
}

/** The cells of the three programs. */
export function forEach(attempt: (program: Program) => Promise<Outcome>): Cells {
  return Object.fromEntries(programs.map((program) => [program, () => attempt(program)]));
}

/** The rows that a usual run tries, where each of the programs meets each of the kinds. */
export function labels(programs: readonly Program[], kinds: readonly string[]): string[] {
  return pairs(programs, kinds).map(([program, kind]) => `${program}, ${kind}`);
}

export const turn = random().below(2);

/** The rows that a usual run tries of a table with many: every other, which are others from run to run. */
export function everyOther(rows: Record<string, unknown>): string[] {
  return Object.keys(rows).filter((_, i) => i % 2 === turn);
}

/** What is in a file that shall hold these bytes. */
export function contentDiffers(path: string, bytes: Uint8Array): string[] {
  return Buffer.compare(Deno.readFileSync(path), bytes) === 0 ? [] : ["contents"];
}

/** A file of its own for each result. */
export function fresh(dir: TempDir): string {
  return dir.path(`result-${results++}`);
}
export let results = 0;
