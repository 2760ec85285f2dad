/**
 * The program of a {@linkcode WarmProcess}: it has loaded the command line and runs one command after the other, each
 * with the standard output, standard error, standard input and current directory that it is asked to. It ends when the
 * process that started it has ended.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is run, and the files that get what it writes. */
export interface Request {
  readonly args: readonly string[];
  /** On top of the environment of the process that started this one. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether standard input is a pipe, whose bytes follow; otherwise there is nothing to read. */
  readonly piped: boolean;
}

/** Starts it. It listens in the directory, which it removes. The module, whose `main` it runs, is named by its URL. */
export function startWarmServer(directory: string, module?: string): Deno.ChildProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", fileURLToPath(import.meta.url), directory, ...module === undefined ? [] : [module]],
    stdin: "piped", // which this process closes by its end
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  child.unref();
  return child;
}

export function socketIn(directory: string): string {
  return join(directory, "socket");
}

/** The file with the number of the process. */
export function numberIn(directory: string): string {
  return join(directory, "pid");
}

const O_WRONLY = 1;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;

async function serve(directory: string, module = "../../../src/cli/main.ts"): Promise<void> {
  const { main }: { main: (args: readonly string[]) => Promise<number> } = await import(module);
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

  Deno.writeTextFileSync(numberIn(directory), String(Deno.pid));
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

export async function writeAll(to: Pick<Deno.FsFile, "write">, what: Uint8Array | string): Promise<void> {
  const bytes = typeof what === "string" ? new TextEncoder().encode(what) : what;
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
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

export function removeDirectory(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

if (import.meta.main) await serve(Deno.args[0], Deno.args[1]);
