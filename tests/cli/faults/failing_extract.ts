/** Runs of `extract` that fail, and servers that answer one request for a chunk with something else. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { type Answer, type FaultyServer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import type { Made } from "../../support/made.ts";
import { filesIn } from "../../support/files.ts";
import type { TempDir } from "../../support/temp.ts";

/** What stands at the target before. */
export const OLD = "the old content";

/** Runs `extract` twice, without and with an old target, and checks that it fails in the same way and harms nothing. */
export async function extractFails(
  dir: TempDir,
  args: string[],
  status: number,
  ...says: (RegExp | string)[]
): Promise<void> {
  for (const old of ["no target", "old target"] as const) {
    await extractFailsOver(old, dir, args, status, ...says);
  }
}

/** The same for one of the two. */
export async function extractFailsOver(
  old: "no target" | "old target",
  dir: TempDir,
  args: string[],
  status: number,
  ...says: (RegExp | string)[]
): Promise<void> {
  const out = dir.dir("out");
  for (const name of filesIn(out)) Deno.removeSync(join(out, name));
  if (old === "old target") dir.write("out/target", OLD);
  const before = filesIn(out);
  const result = await runCli(["extract", ...args, join(out, "target")]);
  assertFails(result, status, ...says);
  // What was written before it failed is left to the next run.
  const left = filesIn(out).filter((name) => !/^\.tmp-desync-target-[0-9a-f]{32}$/.test(name));
  deepStrictEqual(left, before, "what is left beside the target");
  if (old === "old target") strictEqual(Deno.readTextFileSync(join(out, "target")), OLD);
}

/** A server that serves the store's files; the chunk with that number gets the answer instead. */
export function serve(
  made: Made,
  piece: number,
  answer: Answer | Answer[] | undefined,
): Promise<FaultyServer> {
  const path = made.chunk(piece).slice(made.store.length);
  return startFaultyServer(answer === undefined ? {} : { [path]: answer }, (request) => {
    try {
      return { body: Deno.readFileSync(made.store + request.path) };
    } catch {
      return { status: 404 };
    }
  });
}
