/** Runs of `extract` that have to succeed. */
import { strictEqual } from "node:assert/strict";
import { equalBytes } from "../../src/core/bytes.ts";
import { runCli } from "./cli.ts";
import { exists } from "./exists.ts";
import type { Made } from "./made.ts";
import { sameBytes } from "./same_bytes.ts";
import type { TempDir } from "./temp.ts";

/** Runs `extract` into `target` and checks that the blob is right. Returns what was printed. */
export async function extracts(dir: TempDir, made: Made, ...args: string[]): Promise<string> {
  const target = dir.path("target");
  if (!args.includes("-k") && !args.includes("--in-place")) removeIfDone(target, made);
  const result = await runCli(["extract", ...args, made.index, target]);
  strictEqual(result.code, 0, result.stderr);
  strictEqual(result.stderr, "");
  sameBytes(Deno.readFileSync(target), made.bytes);
  return result.stdout;
}

/** Where the bytes came from, as `--print-stats` tells. */
export async function sourcesOf(
  dir: TempDir,
  made: Made,
  ...args: string[]
): Promise<Record<string, number>> {
  const stdout = await extracts(dir, made, "--print-stats", ...args);
  const { sources } = JSON.parse(stdout) as { sources: { name: string; chunks: number }[] };
  return Object.fromEntries(sources.map(({ name, chunks }) => [name, chunks]));
}

/** What an earlier run has made would be left as it is, and nothing be asked for. */
function removeIfDone(target: string, made: Made): void {
  if (exists(target) && equalBytes(Deno.readFileSync(target), made.bytes)) Deno.removeSync(target);
}
