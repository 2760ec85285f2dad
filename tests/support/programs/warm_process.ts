/**
 * A process that has loaded the program already and runs one command line after the other: without the start, which
 * takes most of the time of a short run. Each gets standard output and error of its own, the caller's current
 * directory, standard input from a pipe, and the variables of the program's own.
 */

import { join } from "node:path";
import { isLate, type RunOptions, usualTimeout } from "../process.ts";
import {
  numberIn,
  removeDirectory,
  type Request,
  socketIn,
  startWarmServer,
  writeAll,
} from "./warm_server.ts";

/** Names the directory of a process that the runner has started, and keeps for the files that come after this one. */
export const sharedVariable = "DESYNC_TEST_WARM";

/** What may be set for a run, as in {@linkcode RunOptions}. */
export interface WarmOptions extends Pick<RunOptions, "stdin" | "timeout"> {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What it wrote, and its exit status. */
export interface WarmResult {
  readonly code: number;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: Uint8Array<ArrayBuffer>;
}

/**
 * The process, for those who use it: the runner's, or one of this test file's own. To be made before the tests begin,
 * which may leave nothing open behind them.
 */
export class WarmProcess {
  readonly #directory: string;
  readonly #environment = environment();
  #runs = 0;
  #isBusy = false;

  /** Of the program, or of another whose module has a `main`, named by its URL. */
  constructor(module?: string) {
    const shared = module === undefined ? Deno.env.get(sharedVariable) : undefined;
    this.#directory = shared ?? Deno.makeTempDirSync({ prefix: "desync-test-warm-" });
    if (shared !== undefined) return;
    startWarmServer(this.#directory, module);
    // Deno ends the process together with this one, before it could do that itself.
    addEventListener("unload", () => removeDirectory(this.#directory));
  }

  /** Whether a run with these variables would be like one in a process of its own. */
  canRun(env: Readonly<Record<string, string>>): boolean {
    return !this.#isBusy && environment() === this.#environment && Object.keys(env).every(isOfTheProgram);
  }

  /** Runs the command line to its end. */
  async run(
    args: readonly string[],
    { cwd, env, stdin, timeout = usualTimeout }: WarmOptions,
  ): Promise<WarmResult> {
    this.#isBusy = true;
    const number = this.#runs++;
    const [stdout, stderr] = ["out", "err"].map((name) =>
      join(this.#directory, `${Deno.pid}.${number}.${name}`)
    );
    const request: Request = { args, env, cwd, stdout, stderr, piped: stdin !== undefined };
    const code = await this.#ask(request, stdin ?? "", timeout);
    const result = { code, stdout: Deno.readFileSync(stdout), stderr: Deno.readFileSync(stderr) };
    for (const path of [stdout, stderr]) Deno.removeSync(path);
    // Not when a run threw: then the process is of no use any longer.
    this.#isBusy = false;
    return result;
  }

  async #ask(request: Request, stdin: Uint8Array | string, timeout: number): Promise<number> {
    using connection = await this.#connect();
    const sent = send(connection, [`${JSON.stringify(request)}\n`, stdin]);
    const answered = new Response(connection.readable).text();
    if (await isLate(answered, timeout)) {
      // The runs after it get processes of their own.
      Deno.kill(Number(Deno.readTextFileSync(numberIn(this.#directory))), "SIGKILL");
      throw new Error(`desync ${request.args.join(" ")} did not end within ${timeout} ms`);
    }
    const answer = await answered;
    await sent;
    if (answer === "") throw new Error(`the warm process ended in: desync ${request.args.join(" ")}`);
    return Number(answer);
  }

  /** Waits until the process listens, which takes as long as its start. */
  async #connect(): Promise<Deno.UnixConn> {
    for (let tries = 0;; tries++) {
      try {
        return await Deno.connect({ transport: "unix", path: socketIn(this.#directory) });
      } catch (error) {
        if (tries > 3000) throw error;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }
}

/** Sends all and closes this side. A run that has ended wants no more: its exit status tells the rest. */
async function send(connection: Deno.UnixConn, parts: (Uint8Array | string)[]): Promise<void> {
  try {
    for (const part of parts) await writeAll(connection, part);
    await connection.closeWrite();
  } catch {
    // It does not listen any longer.
  }
}

/** Whether the program, or one that it starts, reads the variable when it needs it; Deno reads others as it starts. */
function isOfTheProgram(variable: string): boolean {
  return /^(?:CASYNC|DESYNC|S3)_/.test(variable) || ofTheProgram.has(variable);
}

const ofTheProgram: ReadonlySet<string> = new Set(
  ["DENO_DIR", "HOME", "LC_ALL", "NETRC", "SOURCE_DATE_EPOCH", "SSH_AUTH_SOCK", "TZ", "USERPROFILE"],
);

function environment(): string {
  return JSON.stringify(Object.entries(Deno.env.toObject()).sort());
}
