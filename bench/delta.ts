/**
 * What an update takes as a delta file, as a binary patch, and as chunks: bytes, and the time to make and to apply it. The data
 * is a tar of the system's files and the same changed as a new version is. BENCH_DEBIAN=1 takes the real versions of
 * docs/delta.md instead (debian_pairs.sh makes them), BENCH_PAIRS="OLD:NEW OLD:NEW" others.
 */
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { concat } from "../src/core/bytes.ts";
import { freshChunks } from "../src/delta/index_recipe.ts";
import { nativeCodec } from "../src/deno/codec/native_codec.ts";
import { parseIndex } from "../src/formats/index/index_parser.ts";
import { peers } from "../tests/support/peers.ts";
import { Random } from "../tests/support/random.ts";
import { startNginx } from "../tests/support/servers/nginx.ts";
import { directory, exists, ours, path, remove, run, systemFiles } from "./data.ts";
import { type Run, say, timeOf } from "./measure.ts";

const BYTES = 128 * 1024 * 1024;
/** Stretches that are changed or left as they are, as the files in an image are. */
const STRETCH_BYTES = 512 * 1024;
const MB = 1e6;
/** zstd's, of chunks in stores. */
const STORED_LEVEL = 3;

/** How a patch is made, and how it is applied: `$1` old, `$2` new, `$3` patch. */
interface Method {
  readonly name: string;
  readonly make: string;
  readonly apply: string;
}

/** What debian_pairs.sh makes: what the format was built with, and three that were chosen when it was done. */
const DEBIAN_PAIRS: readonly (readonly [old: string, next: string])[] = [
  ["kernel-55.tar", "kernel-56.tar"],
  ["kernel-53.tar", "kernel-56.tar"],
  ["firefox-esr-old.tar", "firefox-esr-new.tar"],
  ["root-old.tar", "root-new.tar"],
  ["root-old.ext4", "root-new.ext4"],
  ["root-old.squashfs", "root-new.squashfs"],
  ["openjdk-17-jre-headless-old.tar", "openjdk-17-jre-headless-new.tar"],
  ["libwebkit2gtk-4.1-0-old.tar", "libwebkit2gtk-4.1-0-new.tar"],
  ["mariadb-server-core-old.tar", "mariadb-server-core-new.tar"],
];

/** bsdiff takes minutes, and many times as much memory as the file has bytes: only where BENCH_BSDIFF is set, and not for these. */
const TOO_LARGE_FOR_BSDIFF = 300 * MB;
const METHODS: readonly Method[] = [
  {
    name: "zstd --patch-from -9 --long=31",
    make: 'zstd -q -f -9 --long=31 --patch-from="$1" "$2" -o "$3"',
    apply: 'zstd -q -f -d --long=31 --memory=2048MB --patch-from="$1" "$3" -o "$4"',
  },
  {
    name: "xdelta3 -9",
    make: 'xdelta3 -q -e -f -9 -s "$1" "$2" "$3"',
    apply: 'xdelta3 -q -d -f -s "$1" "$3" "$4"',
  },
  { name: "bsdiff", make: 'bsdiff "$1" "$2" "$3"', apply: 'bspatch "$1" "$4" "$3"' },
];

/** Programs that take parts of a file from a server: `$1` old, `$2` new, `$3` a directory for what they make, `$4` its URL. */
interface Fetcher {
  readonly name: string;
  readonly programs: readonly string[];
  /** Prints a line that has the bytes that are fetched. */
  readonly script: string;
  readonly bytes: RegExp;
}

const FETCHERS: readonly Fetcher[] = [
  {
    name: "zsync, with its .zsync",
    programs: ["zsync", "zsyncmake"],
    script:
      'cd "$3"; ln -s "$2" new; zsyncmake -q -u "$4/new" -o new.zsync new 2>&1; stat -c "index %s" new.zsync; ' +
      'zsync -i "$1" -o out "$4/new.zsync" 2>&1 | tr "\r" "\n"; cmp "$2" out',
    bytes: /^index (\d+)$|used \d+ local, fetched (\d+)/gm,
  },
  {
    name: "zchunk",
    programs: ["zck", "zck_delta_size"],
    script: 'cd "$3"; zck -o old.zck "$1"; zck -o new.zck "$2"; zck_delta_size old.zck new.zck',
    bytes: /Would download (\d+) of/g,
  },
];

/** Bytes and times of each method, for each pair of versions. */
export async function benchDelta(): Promise<void> {
  for (const [old, next] of await pairs()) await benchPair(old, next);
}

async function pairs(): Promise<(readonly string[])[]> {
  const given = Deno.env.get("BENCH_PAIRS");
  if (given !== undefined) return given.split(" ").map((pair) => pair.split(":"));
  if (Deno.env.get("BENCH_DEBIAN") === undefined) return [await changedFiles()];
  Deno.mkdirSync(directory, { recursive: true });
  await run([fileURLToPath(new URL("debian_pairs.sh", import.meta.url)), directory]);
  return DEBIAN_PAIRS.map((pair) => pair.map(path));
}

async function benchPair(old: string, next: string): Promise<void> {
  const [oldIndex, nextIndex] = [await indexOf(old), await indexOf(next)];
  const [delta, output, patch] = [path("bench.cadelta"), path("bench.out"), path("bench.patch")];
  say(`\n${basename(old)} to ${basename(next)}: ${(Deno.statSync(next).size / MB).toFixed(1)} MB`);
  for (const name of ["bench.cadelta", "bench.out", "bench.patch"]) remove(name);
  const made = await timeOf([
    ...ours,
    "delta",
    "--always",
    `${oldIndex}:${old}`,
    `${nextIndex}:${next}`,
    delta,
  ]);
  const seed = ["--seed", `${oldIndex}:${old}`, "--delta", delta];
  const empty = path("empty.castr");
  Deno.mkdirSync(empty, { recursive: true });
  const applied = await timeOf([...ours, "extract", ...seed, "-s", empty, nextIndex, output]);
  await run(["cmp", next, output]);
  const { size } = Deno.statSync(delta);
  const took = ({ wall, cpu, memory }: Run) =>
    `${wall.toFixed(1)} s (cpu ${cpu.toFixed(1)}, ${memory.toFixed(0)} MB)`;
  const row = (name: string, size: number, made: Run, applied: Run) =>
    say(`${columns(name, size)}  make ${took(made)}  apply ${took(applied)}`);
  row("delta file, index included", size, made, applied);
  const others: number[] = [];
  for (const { name, make, apply } of METHODS) {
    if (name === "bsdiff" && !mayUseBsdiff(next)) continue;
    if (!await isInstalled(make.split(" ")[0])) {
      say(`  ${name}: not installed`);
      continue;
    }
    remove("bench.out");
    const args = [old, next, patch, output];
    const made = await timeOf(["sh", "-c", `exec ${make}`, "sh", ...args]);
    const applied = await timeOf(["sh", "-c", `exec ${apply}`, "sh", ...args]);
    await run(["cmp", next, output]);
    row(name, Deno.statSync(patch).size, made, applied);
    if (name !== "bsdiff") others.push(Deno.statSync(patch).size);
  }
  await benchFetchers(old, next);
  const { count, bytes, stored } = missingChunks(oldIndex, nextIndex, next);
  sayBytes("chunks that are missing, as stored", stored);
  say(`  these are ${count} chunks of ${bytes} bytes`);
  if (others.length > 0) {
    say(`  the delta is ${(size / Math.min(...others)).toFixed(2)} of the smaller of zstd's and xdelta3's`);
  }
  for (const name of ["bench.cadelta", "bench.out", "bench.patch"]) remove(name);
}

function mayUseBsdiff(next: string): boolean {
  return Deno.env.get("BENCH_BSDIFF") !== undefined && Deno.statSync(next).size <= TOO_LARGE_FOR_BSDIFF;
}

function sayBytes(name: string, bytes: number): void {
  say(columns(name, bytes));
}

function columns(name: string, bytes: number): string {
  return `  ${name.padEnd(34)} ${String(bytes).padStart(11)} bytes`;
}

async function benchFetchers(old: string, next: string): Promise<void> {
  if (peers.nginx === undefined) return say("  zsync and zchunk: nginx is not installed");
  const place = path("bench.fetch");
  for (const { name, programs, script, bytes } of FETCHERS) {
    const installed = await Promise.all(programs.map(isInstalled));
    if (installed.includes(false)) {
      say(`  ${name}: not installed`);
      continue;
    }
    remove("bench.fetch");
    Deno.mkdirSync(place, { recursive: true });
    await using server = await startNginx(place);
    const args = ["-c", script, "sh", resolve(old), resolve(next), place, server.url];
    const { stdout } = await new Deno.Command("sh", { args, stderr: "null" }).output();
    const found = [...new TextDecoder().decode(stdout).matchAll(bytes)];
    const sum = found.reduce((sum, [, a, b]) => sum + Number(a ?? b), 0);
    if (sum === 0) say(`  ${name}: it failed`);
    else sayBytes(name, sum);
  }
  remove("bench.fetch");
}

/** What desync fetches: the chunks that the old version lacks, as a store has them. */
function missingChunks(
  oldIndex: string,
  nextIndex: string,
  next: string,
): { readonly count: number; readonly bytes: number; readonly stored: number } {
  const [base, target] = [oldIndex, nextIndex].map((file) => parseIndex(Deno.readFileSync(file)));
  using file = Deno.openSync(next);
  const sums = { count: 0, bytes: 0, stored: 0 };
  for (const i of freshChunks(target, base)) {
    const bytes = new Uint8Array(target.length(i));
    file.seekSync(target.start(i), Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) at += file.readSync(bytes.subarray(at)) ?? bytes.length;
    sums.count++;
    sums.bytes += bytes.length;
    sums.stored += nativeCodec.compress(bytes, STORED_LEVEL).length;
  }
  return sums;
}

async function indexOf(file: string): Promise<string> {
  const index = path(`${basename(file)}.delta.caibx`);
  await run([...ours, "make", index, file]);
  return index;
}

/** Two versions: what is not changed, what was compiled anew (addresses), edited, moved, added and removed. */
async function changedFiles(): Promise<[old: string, next: string]> {
  const old = await systemFiles("delta-1.tar", BYTES);
  const next = path("delta-2.tar");
  if (exists(next)) return [old, next];
  Deno.mkdirSync(directory, { recursive: true });
  const generator = new Random(19);
  const bytes = Deno.readFileSync(old);
  const stretches: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += STRETCH_BYTES) {
    stretches.push(changed(bytes.slice(at, at + STRETCH_BYTES), generator));
  }
  Deno.writeFileSync(`${next}.tmp`, concat(stretches));
  Deno.renameSync(`${next}.tmp`, next);
  return [old, next];
}

function changed(bytes: Uint8Array, generator: Random): Uint8Array {
  const kind = generator.below(10);
  if (kind < 5) return bytes;
  if (kind < 8) {
    const view = new DataView(bytes.buffer);
    for (let n = 0; n < 600; n++) {
      const at = generator.below(bytes.length - 4);
      view.setInt32(at, view.getInt32(at, true) + 0x40, true);
    }
    return bytes;
  }
  const at = generator.below(bytes.length);
  if (kind === 8) {
    return concat([bytes.subarray(0, at), generator.bytes(generator.below(2000)), bytes.subarray(at)]);
  }
  return concat([bytes.subarray(at), bytes.subarray(0, at).subarray(generator.below(1000))]);
}

async function isInstalled(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" })
    .output();
  return success;
}
