/** Runs `deno` as a process, mostly `deno test`. */

import { parseFailures, parseSummary, type Summary } from "./summary.ts";

/** How it ended. */
export interface Ended {
  readonly code: number;
  /** Undefined when it printed none. */
  readonly summary?: Summary;
  /** The tests that failed, one a line, with their places. */
  readonly failures: string;
}

/** More than Deno prints after its summary (--coverage adds a table), and its list of failures. */
const tailLength = 256 * 1024;

/** A program that a test left running keeps the output open; it is waited for no longer than this. */
const drainMilliseconds = 2000;

/** Where the output goes: to the terminal as it comes, or kept until the process has ended. */
export type Output = (bytes: Uint8Array) => void;

/** Processes that are running. */
const children = new Set<Deno.ChildProcess>();

/** The signal that this run was asked to end with; no further process starts then. */
export let interrupted: Deno.Signal | undefined;

/** Runs `deno` with the arguments, and these variables on top of its own, to its end. */
export async function deno(
  args: readonly string[],
  cwd: string,
  output: Output,
  env: Record<string, string> = {},
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  children.add(child);
  const decoder = new TextDecoder();
  let tail = "";
  const follow = async (stream: ReadableStream<Uint8Array>, counts: boolean) => {
    for await (const bytes of stream) {
      output(bytes);
      if (counts) tail = (tail + decoder.decode(bytes, { stream: true })).slice(-tailLength);
    }
  };
  const drained = Promise.all([follow(child.stdout, true), follow(child.stderr, false)]);
  const { code } = await child.status;
  children.delete(child);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, drainMilliseconds));
  await Promise.race([drained, late]);
  clearTimeout(timer);
  return { code, summary: parseSummary(tail), failures: parseFailures(tail) };
}

/** Ctrl-C has to reach the tests too when it was sent to this process alone. */
export function forwardSignals(): void {
  if (Deno.build.os === "windows") {
    // The console sends it to every process; stay for the summary.
    Deno.addSignalListener("SIGINT", () => interrupted = "SIGINT");
    return;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      interrupted = signal;
      for (const child of children) {
        try {
          child.kill(signal);
        } catch {
          // It has ended already.
        }
      }
    });
  }
}
