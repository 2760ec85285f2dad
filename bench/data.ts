/** The files that benchmarks work on: made once, kept in BENCH_DIR (default: .cache/bench in the repository). */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { peers } from "../tests/support/peers.ts";

/** Our own command line: the words of BENCH_OURS, such as `deno run -A dist/desync.js`, or the sources. */
export const ours: readonly string[] = Deno.env.get("BENCH_OURS")?.split(" ") ?? [
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
export const directory: string = Deno.env.get("BENCH_DIR") ??
  fileURLToPath(new URL("../.cache/bench", import.meta.url));

/** Path of a file in the data directory. */
export function path(name: string): string {
  return join(directory, name);
}

/** Removes a file or directory of the data directory. */
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
  Deno.mkdirSync(directory, { recursive: true });
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

/** A directory of real files of the system, so many of them and about so many bytes, the same on every run. */
export async function systemTree(name: string, count: number, bytes: number): Promise<string> {
  const target = path(name);
  if (exists(target)) return target;
  Deno.mkdirSync(`${target}.tmp`, { recursive: true });
  const chosen = chooseFiles([...filesBelow("/usr")], count, bytes);
  const list = `${target}.list`;
  Deno.writeTextFileSync(list, chosen.join("\0"));
  await shell(`tar --null -T "$1.list" -cf - 2>/dev/null | tar -C "$1.tmp" -xf -`, target);
  Deno.removeSync(list);
  Deno.renameSync(`${target}.tmp`, target);
  return target;
}

interface FoundFile {
  readonly path: string;
  readonly size: number;
}

/** Evenly out of all that are not too large. */
function chooseFiles(files: readonly FoundFile[], count: number, bytes: number): string[] {
  for (let most = 2 ** 30; most > 1000; most *= 0.9) {
    const fit = files.filter(({ size }) => size <= most);
    if (fit.length < count) break;
    const chosen = Array.from({ length: count }, (_, i) => fit[Math.floor(i * fit.length / count)]);
    const sum = chosen.reduce((total, { size }) => total + size, 0);
    if (sum < bytes) return chosen.map(({ path }) => path);
  }
  throw new Error(`This system has no ${count} files of ${bytes} bytes in /usr`);
}

function* filesBelow(directory: string): Generator<FoundFile> {
  const entries = [...Deno.readDirSync(directory)].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory, isFile } of entries) {
    // desync 1.0.4 takes these for paths.
    if (name.includes("\\")) continue;
    if (isDirectory) yield* filesBelow(`${directory}/${name}`);
    else if (isFile) {
      yield { path: `${directory}/${name}`, size: Deno.lstatSync(`${directory}/${name}`).size };
    }
  }
}

/** An archive by casync of a directory, alone and in chunks: `NAME.catar`, `NAME.caidx` and `NAME.castr`. */
export async function casyncArchive(
  name: string,
  directory: string,
): Promise<{ archive: string; index: string; store: string }> {
  const archive = path(`${name}.catar`);
  const index = path(`${name}.caidx`);
  const store = path(`${name}.castr`);
  if (!exists(index)) {
    await run([peer("casync"), "make", archive, directory]);
    await run([peer("casync"), "make", `--store=${store}`, `${index}.tmp.caidx`, directory]);
    Deno.renameSync(`${index}.tmp.caidx`, index);
  }
  return { archive, index, store };
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

/** A store with the same chunks that desync made: its frames say how large their content is, which casync's do not. */
export async function desyncStore(name: string, index: string, file: string): Promise<string> {
  const store = path(`${name}.desync.castr`);
  if (!exists(store)) {
    remove(`${name}.desync.tmp`);
    Deno.mkdirSync(path(`${name}.desync.tmp`));
    await run([peer("desync"), "chop", "-s", path(`${name}.desync.tmp`), index, file]);
    Deno.renameSync(path(`${name}.desync.tmp`), store);
  }
  return store;
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

/** Throws unless both directories hold the same files, symlinks and bytes. */
export async function sameTree(a: string, b: string): Promise<void> {
  await run(["diff", "-r", "--no-dereference", a, b]);
}

/** Whether it is there. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
