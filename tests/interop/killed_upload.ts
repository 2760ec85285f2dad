/** A program that is killed while it uploads. */
import { ok, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { cliCommand } from "../support/cli_command.ts";
import { assertFails } from "../support/failure.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import type { TempDir } from "../support/temp.ts";

/** Where a file is uploaded to. */
interface Upload {
  readonly store: string;
  readonly index: string;
  readonly env: Record<string, string>;
  /** The same where it can be verified. Default: `store`. */
  readonly listed?: string;
  /** Chunks in the store. */
  chunks(): Promise<number>;
}

/** Few chunks, as a server takes its time for each, but more than are waited for in each part that is scanned. */
const sizes = ["-m", "128:256:768"];

/** Kills `make` with -9 once there are some chunks: all of them are right, there is no index, and the next run completes it. */
export async function killsUpload(
  dir: TempDir,
  { store, index, env, listed = store, chunks }: Upload,
): Promise<void> {
  const bytes = random().bytes(6_000_000);
  const file = dir.write("large", bytes);
  const [program, ...before] = cliCommand;
  const make = ["make", ...sizes, "-s", store, index];
  const args = [...before, ...make, "-n", "2", "-"];
  const child = new Deno.Command(program, { args, env, stdin: "piped", stdout: "null", stderr: "inherit" })
    .spawn();
  // It waits for the end of its input, which does not come.
  const input = child.stdin.getWriter();
  const fed = input.write(bytes).catch(() => {});
  let ended = false;
  child.status.then(() => ended = true);
  while (!ended && await chunks() < 5) await new Promise((resolve) => setTimeout(resolve, 10));
  ok(!ended, "it ended before it was killed");
  child.kill("SIGKILL");
  strictEqual((await child.status).code, 137);
  await fed;
  await input.abort().catch(() => {});
  const desync = (...args: string[]) => runCli(args, { env });
  assertFails(await desync("list-chunks", index), 1, /no such|HTTP status 404/);
  const verified = await desync("verify", "-s", listed);
  strictEqual(verified.code, 0, verified.stderr);
  const made = await desync(...make, file);
  strictEqual(made.code, 0, made.stderr);
  const out = dir.path("large-out");
  const extracted = await desync("extract", "-s", store, index, out);
  strictEqual(extracted.code, 0, extracted.stderr);
  sameBytes(Deno.readFileSync(out), bytes);
}
