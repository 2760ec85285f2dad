/** The files that benchmarks work on: made once, kept in BENCH_DIR (default: .cache/bench in the repository). */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { peers } from "../tests/support/peers.ts";

/** Our own command line. */
export const ours: readonly string[] = [
  Deno.execPath(),
  "run",
  "-A",
  fileURLToPath(new URL("../cli.ts", import.meta.url)),
];

/** A peer that has to be there. */
export function peer(name: "casync" | "desync" | "nginx" | "sshd"): string {
  const path = peers[name];
  if (path === undefined) throw new Error(`This benchmark compares against ${name}, which is not installed`);
  return path;
}

/** Where the data lies. */
export const folder: string = Deno.env.get("BENCH_DIR") ??
  fileURLToPath(new URL("../.cache/bench", import.meta.url));

/** Path of a file in the data folder. */
export function path(name: string): string {
  return join(folder, name);
}

/** Removes a file or folder of the data folder. */
export function remove(name: string): void {
  try {
    Deno.removeSync(path(name), { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A tar of the system's libraries and programs, cut to `bytes`: real files, the same on every run. */
export async function systemFiles(name: string, bytes: number): Promise<string> {
  const target = path(name);
  if (exists(target)) return target;
  Deno.mkdirSync(folder, { recursive: true });
  await shell(
    `tar -cf - --sort=name -C / usr/lib usr/bin usr/share 2>/dev/null | head -c ${bytes} >"$1.tmp"`,
    target,
  );
  if (Deno.statSync(`${target}.tmp`).size < bytes) {
    throw new Error(`This system has no ${bytes} bytes in /usr`);
  }
  Deno.renameSync(`${target}.tmp`, target);
  return target;
}

/** An index and store by casync of a file: `NAME.caibx` and `NAME.castr`. */
export async function casyncStore(name: string, file: string): Promise<{ index: string; store: string }> {
  const index = path(`${name}.caibx`);
  const store = path(`${name}.castr`);
  if (!exists(index)) {
    await run([peer("casync"), "make", `--store=${store}`, `${index}.tmp.caibx`, file]);
    Deno.renameSync(`${index}.tmp.caibx`, index);
  }
  return { index, store };
}

/** Runs a command to its end. */
export async function run(command: readonly string[]): Promise<void> {
  const [program, ...args] = command;
  const { code, stderr } = await new Deno.Command(program, { args, stdout: "null", stderr: "piped" })
    .output();
  if (code !== 0) throw new Error(`${command.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
}

async function shell(script: string, argument: string): Promise<void> {
  await run(["bash", "-c", script, "bash", argument]);
}

/** Throws unless both files hold the same bytes. */
export async function same(a: string, b: string): Promise<void> {
  await run(["cmp", a, b]);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
