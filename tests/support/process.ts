/** Runs programs for tests: to the end, with their output in hand, and stopped for certain when they take too long. */

import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

/** The directory of the repository. */
export const repository: string = fileURLToPath(new URL("../../", import.meta.url));

/** What may be set for a run. */
export interface RunOptions {
  /** Sent to the program's standard input, which is then closed. */
  stdin?: Uint8Array | string;
  /** Variables on top of the tests' own environment. */
  env?: Record<string, string>;
  cwd?: string;
  /** Aborting it sends SIGINT, as Ctrl-C does. */
  signal?: AbortSignal;
  /** Milliseconds after which the program is killed and the run fails; two minutes if not given. */
  timeout?: number;
}

/** Milliseconds that a program may take. */
export const usualTimeout = 120_000;

/** What a program left behind. */
export interface RunResult {
  /** Exit status; 128 and the signal's number when a signal ended it. */
  code: number;
  stdout: string;
  stdoutBytes: Uint8Array<ArrayBuffer>;
  stderr: string;
}

/** What was written to standard error, besides Deno's lines about what it fetches. */
export function withoutDownloads({ stderr }: RunResult): string {
  const isDownload = (line: string) => stripVTControlCharacters(line).startsWith("Download http");
  return stderr.split("\n").filter((line) => !isDownload(line)).join("\n");
}

/** Runs a program to its end, whatever its exit status. */
export async function runAny(program: string, args: string[], options: RunOptions = {}): Promise<RunResult> {
  const child = new Deno.Command(program, {
    args,
    cwd: options.cwd,
    env: options.env,
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const interrupt = (): void => stop(child, "SIGINT");
  options.signal?.addEventListener("abort", interrupt);
  if (options.signal?.aborted) interrupt();
  const timeout = options.timeout ?? usualTimeout;
  try {
    const ended = Promise.all([child.output(), feed(child, options.stdin)]);
    if (await isLate(ended, timeout)) {
      stop(child, "SIGKILL");
      await isLate(ended, 2000); // no longer: a program that this one started may keep the output open
      throw new Error(`${describe(program, args)} did not end within ${timeout} ms`);
    }
    const [output] = await ended;
    return resultOf(output.code, output.stdout, output.stderr);
  } finally {
    options.signal?.removeEventListener("abort", interrupt);
  }
}

/** The result of a program that wrote these bytes. */
export function resultOf(
  code: number,
  stdoutBytes: Uint8Array<ArrayBuffer>,
  stderr: Uint8Array,
): RunResult {
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdoutBytes), stdoutBytes, stderr: decoder.decode(stderr) };
}

/** Waits for the work's end, but no longer than that many milliseconds. True when they have passed first. */
export async function isLate(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), milliseconds);
  });
  try {
    return await Promise.race([late, work.then(() => false)]);
  } finally {
    clearTimeout(timer);
  }
}

const SIGNAL_BITS = { SIGINT: 1n << 1n, SIGTERM: 1n << 14n };

/** A program that waits in as many looks, one after the other, has come to where it waits. */
const IDLE_LOOKS = 20;

/**
 * Waits until the program listens for the signal, which would end it otherwise, and has nothing to do; where nobody can
 * tell, two seconds.
 */
export async function untilListening(
  child: Deno.ChildProcess,
  signal: keyof typeof SIGNAL_BITS,
): Promise<void> {
  if (Deno.build.os !== "linux") return await new Promise((resolve) => setTimeout(resolve, 2000));
  let idle = 0;
  while (idle < IDLE_LOOKS) {
    const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
    const [, caught] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status) ?? [];
    if (caught === undefined) throw new Error("it ended before it listened");
    // Deno catches several signals when it is told of the first; the program tells it of the others right behind.
    const waits = /^State:\s*S/m.test(status) && (BigInt(`0x${caught}`) & SIGNAL_BITS[signal]) !== 0n;
    idle = waits ? idle + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Runs a peer (undefined when it is not installed) and fails with what it wrote to stderr when it fails. */
export async function run(
  program: string | undefined,
  args: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  if (program === undefined) {
    throw new Error("this test needs a program that is not installed: give it `ignore: !peers.<program>`");
  }
  const result = await runAny(program, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${describe(program, args)} ended with status ${result.code}:\n${result.stderr}${result.stdout}`,
    );
  }
  return result;
}

async function feed(child: Deno.ChildProcess, stdin: Uint8Array | string | undefined): Promise<void> {
  if (stdin === undefined) return;
  const bytes = typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin;
  const writer = child.stdin.getWriter();
  try {
    await writer.write(bytes);
    await writer.close();
  } catch {
    // The program ended before it had read everything; its exit status tells the rest.
  }
}

function stop(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already.
  }
}

function describe(program: string, args: string[]): string {
  return [program, ...args].join(" ");
}
