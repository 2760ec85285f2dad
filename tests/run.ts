/**
 * Runs the project's tests, and the examples in its documentation, and ends with the line
 * `N passed, N failed, N skipped`. Arguments are passed on to `deno test`: a path, --filter, --coverage …
 *
 *     deno task test [arguments of deno test]
 *
 * Test files run one after the other: they share the environment, measure times, and start programs and workers that
 * keep two cores busy by themselves.
 */

import { fileURLToPath } from "node:url";
import { denoKnows } from "./support/deno_knows.ts";
import { parseSummary } from "./support/summary.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** More than Deno prints after its summary (--coverage adds a table). */
const tailLength = 256 * 1024;

/** A program that a test left running keeps the output open; it is waited for no longer than this. */
const drainMilliseconds = 2000;

function say(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  stream.writeSync(new TextEncoder().encode(`${text}\n`));
}

/** Ctrl-C has to reach the tests too when it was sent to this process alone. */
function forwardSignals(child: Deno.ChildProcess): void {
  if (Deno.build.os === "windows") {
    Deno.addSignalListener("SIGINT", () => {}); // the console sends it to every process; stay for the summary
    return;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      try {
        child.kill(signal);
      } catch {
        // It has ended already.
      }
    });
  }
}

/** Passes the output on as it comes; what it ended with is in `text`. */
class Tail {
  text = "";

  async follow(output: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of output) {
      let at = 0;
      while (at < bytes.length) at += Deno.stdout.writeSync(bytes.subarray(at));
      this.text = (this.text + decoder.decode(bytes, { stream: true })).slice(-tailLength);
    }
  }
}

/** Fetches what the program imports, or the first runs on a new machine would tell that among their own words. */
async function fetchDependencies(): Promise<void> {
  const args = ["cache", "--quiet", "cli.ts"];
  const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: repository, stdin: "null" }).spawn()
    .status;
  if (code !== 0) {
    say(Deno.stderr, "the npm packages could not be fetched: tests that start the program will fail");
  }
}

async function main(args: string[]): Promise<number> {
  await fetchDependencies();
  // Older ones look for leaks without being told.
  const sanitize = await denoKnows("test", "--sanitize-resources") ? ["--sanitize-resources"] : [];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--doc", ...sanitize, ...args],
    cwd: repository,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  forwardSignals(child);

  const tail = new Tail();
  const drained = tail.follow(child.stdout);
  const { code } = await child.status;
  await Promise.race([drained, new Promise((resolve) => setTimeout(resolve, drainMilliseconds))]);

  const summary = parseSummary(tail.text);
  if (summary === undefined) {
    say(Deno.stderr, `deno test ended with status ${code} and printed no summary: see its output above`);
    return code === 0 ? 1 : code;
  }
  const none = summary.passed + summary.failed === 0;
  if (none) say(Deno.stderr, "no test was run, so nothing is known: correct the path or the filter");
  say(Deno.stdout, `${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`);
  return none && code === 0 ? 1 : code;
}

Deno.exit(await main(Deno.args));
