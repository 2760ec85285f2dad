/** Which patterns take more time the longer a text is, by its square: a process of their own finds out, which can be ended. */

import { join } from "node:path";
import type { Pattern } from "./patterns.ts";
import { repository } from "../process.ts";

/** So many steps take no time, their square minutes. */
const LENGTH = 200_000;

/** The patterns that are not done in `patience` milliseconds on some hostile text. */
export async function slowPatterns(patterns: readonly Pattern[], patience: number): Promise<Pattern[]> {
  const slow: Pattern[] = [];
  for (let left = patterns; left.length > 0;) {
    const done = await countDone(left, patience);
    if (done < left.length) slow.push(left[done]);
    left = left.slice(done + 1);
  }
  return slow;
}

/** How many were done before one was not in time. */
async function countDone(patterns: readonly Pattern[], patience: number): Promise<number> {
  const args = ["run", "--no-check", "--no-lock", join(repository, "tests/support/programs/use_patterns.ts")];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
  const kill = () => child.kill("SIGKILL");
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify({ patterns, length: LENGTH })));
  await input.close();
  let done = -1;
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    done += text.split("\n").length - 1;
    clearTimeout(timer);
    timer = setTimeout(kill, patience);
  }
  clearTimeout(timer);
  const { code, signal } = await child.status;
  if (code !== 0 && signal !== "SIGKILL") throw new Error(`use_patterns.ts ended with status ${code}`);
  return done;
}
