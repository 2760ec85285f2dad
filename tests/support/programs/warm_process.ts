/**
 * A process that has loaded the program already and runs one command line after the other: without the start, which
 * takes most of the time of a short run. Each gets standard output and error of its own, the caller's current
 * directory, standard input from a pipe, and the variables of the program's own.
 *
 * This file is also the program that does it. It ends when the process that started it has ended.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isLate, type RunOptions, usualTimeout } from "../process.ts";

/** What is run, and the files that get what it writes. */
interface Request {
  readonly args: readonly string[];
  /** On top of the environment of the process that started this one. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether standard input is a pipe, whose bytes follow; otherwise there is nothing to read. */
  readonly piped: boolean;
}

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

/** The process, for those who use it. To be made before the tests begin, which may leave nothing open behind them. */
export class WarmProcess {
  readonly #directory = Deno.makeTempDirSync({ prefix: "desync-test-warm-" });
  readonly #environment = environment();
  readonly #child: Deno.ChildProcess;
  #runs = 0;
  #isBusy = false;

  constructor() {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", fileURLToPath(import.meta.url), this.#directory],
      stdin: "piped", // which this process closes by its end
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    this.#child.unref();
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
    const [stdout, stderr] = ["out", "err"].map((name) => join(this.#directory, `${number}.${name}`));
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
      this.#child.kill("SIGKILL"); // the runs after it get processes of their own
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

async function writeAll(to: Pick<Deno.FsFile, "write">, what: Uint8Array | string): Promise<void> {
  const bytes = typeof what === "string" ? new TextEncoder().encode(what) : what;
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

/** Whether the program, or one that it starts, reads the variable when it needs it; Deno reads others as it starts. */
function isOfTheProgram(variable: string): boolean {
  return /^(?:CASYNC|DESYNC)_|^(?:DENO_DIR|HOME|LC_ALL|NETRC|SOURCE_DATE_EPOCH|TZ)$/.test(variable);
}

function environment(): string {
  return JSON.stringify(Object.entries(Deno.env.toObject()).sort());
}

function socketIn(directory: string): string {
  return join(directory, "socket");
}

const O_WRONLY = 1;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;

async function serve(directory: string): Promise<void> {
  const { main } = await import("../../../src/cli/main.ts");
  const { symbols: c } = Deno.dlopen("libc.so.6", {
    dup: { parameters: ["i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
    pipe: { parameters: ["buffer"], result: "i32" },
  });
  const redirect = (path: string, flags: number, to: number) => {
    const fd = c.open(new TextEncoder().encode(`${path}\0`), flags, 0o600);
    c.dup2(fd, to);
    c.close(fd);
  };
  /** Makes standard input a pipe with these bytes. Returns when it has them all, or nobody reads it any longer. */
  const pipeToInput = (bytes: AsyncIterable<Uint8Array>): Promise<void> => {
    const ends = new Int32Array(2);
    c.pipe(ends);
    const fed = feed(Deno.openSync(`/proc/self/fd/${ends[1]}`, { write: true }), bytes);
    c.dup2(ends[0], 0);
    for (const fd of ends) c.close(fd);
    return fed;
  };
  const own = [0, 1, 2].map((fd) => c.dup(fd));
  redirect("/dev/null", 0, 0);
  endWith(own[0], directory);

  for await (const connection of Deno.listen({ transport: "unix", path: socketIn(directory) })) {
    const [line, rest] = await firstLine(readAll(connection));
    const { args, env, cwd, stdout, stderr, piped }: Request = JSON.parse(line);
    Deno.chdir(cwd);
    redirect(stdout, O_WRONLY | O_CREAT | O_TRUNC, 1);
    redirect(stderr, O_WRONLY | O_CREAT | O_TRUNC, 2);
    const fed = piped ? pipeToInput(rest) : undefined;
    // Deno's own is the one that the process had at its start.
    const input = Deno.openSync("/proc/self/fd/0");
    Object.assign(Deno, { stdin: input });
    const before = Object.keys(env).map((name) => [name, Deno.env.get(name)] as const);
    for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
    const code = await main(args);
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    for (const fd of [1, 2]) c.dup2(own[fd], fd);
    redirect("/dev/null", 0, 0);
    close(input);
    Deno.chdir("/");
    await fed;
    await connection.write(new TextEncoder().encode(String(code)));
    // What the run did not want: closing with that unread would take the answer back.
    for await (const _ of readAll(connection));
    connection.close();
  }
}
/** All bytes until the other end closes its side. The connection stays open. */
async function* readAll(connection: Deno.UnixConn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(64 * 1024);
  for (let read; (read = await connection.read(buffer)) !== null;) yield buffer.slice(0, read);
}

/** The bytes up to the first line feed as text, and those behind it. */
async function firstLine(
  pieces: AsyncGenerator<Uint8Array>,
): Promise<[string, AsyncGenerator<Uint8Array>]> {
  const decoder = new TextDecoder();
  let line = "";
  for (;;) {
    const { value, done } = await pieces.next();
    if (done) throw new Error(`a request without an end: ${line}`);
    const end = value.indexOf(10);
    line += decoder.decode(value.subarray(0, end === -1 ? undefined : end), { stream: true });
    if (end !== -1) return [line, startingWith(value.subarray(end + 1), pieces)];
  }
}

async function* startingWith(
  first: Uint8Array,
  others: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield* others;
}

/** Writes all into the pipe and closes it, or what its reader wants of it. */
async function feed(pipe: Deno.FsFile, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const piece of pieces) await writeAll(pipe, piece);
  } catch {
    // The run has ended.
  } finally {
    pipe.close();
  }
}

function close(file: Deno.FsFile): void {
  try {
    file.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already, as a stream that was read
  }
}

/** Ends this process when the pipe does. */
async function endWith(pipe: number, directory: string): Promise<void> {
  using file = await Deno.open(`/proc/self/fd/${pipe}`);
  await file.read(new Uint8Array(1));
  removeDirectory(directory);
  Deno.exit(0);
}

function removeDirectory(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) await serve(Deno.args[0]);
