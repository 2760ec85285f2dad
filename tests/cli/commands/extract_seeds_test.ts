import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { type Made, makeBlob } from "../../support/made.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

const generator = new Random(15);
const [a, b, c, d, e] = Array.from({ length: 5 }, () => generator.bytes(20_000));

/** Two versions that have b and c in common. The first is a file with its index beside it. */
function versions(dir: TempDir): { v1: string; made: Made } {
  const old = makeBlob(dir, [a, b, c], { name: "old" });
  Deno.renameSync(old.index, dir.path("v1.caibx"));
  const v1 = dir.write("v1", old.bytes);
  return { v1, made: makeBlob(dir, [b, c, d, e], { name: "new" }) };
}

interface Statistics {
  readonly "chunks-from-seeds": number;
  readonly "chunks-from-store": number;
  readonly "bytes-copied-from-seeds": number;
  readonly "bytes-cloned-from-seeds": number;
  readonly seeds: number;
}

async function extracts(
  dir: TempDir,
  made: Made,
  ...args: string[]
): Promise<Statistics & { stderr: string }> {
  const target = dir.path("target");
  const { code, stdout, stderr } = await runCli([
    ...["extract", "-s", made.store, "--print-stats", ...args],
    ...[made.index, target],
  ]);
  strictEqual(code, 0, stderr);
  sameBytes(Deno.readFileSync(target), made.bytes);
  Deno.removeSync(target);
  return { ...JSON.parse(stdout) as Statistics, stderr };
}

Deno.test("seeds in every way that they can be named", async () => {
  using dir = tempDir();
  const { v1, made } = versions(dir);
  Deno.copyFileSync(v1, dir.path("elsewhere", "blob"));
  Deno.copyFileSync(v1, dir.path("deep", "er", "v1"));
  Deno.copyFileSync(`${v1}.caibx`, dir.path("deep", "er", "v1.caibx"));
  Deno.copyFileSync(`${v1}.caibx`, dir.path("deep", "no-blob.caibx"));
  const ways = [
    ["--seed", `${v1}.caibx`],
    ["--seed", `${v1}.caibx:${dir.path("elsewhere", "blob")}`],
    ["--seed-dir", dir.path("deep")],
    ["-k", "--seed", `${v1}.caibx`],
  ];
  for (const way of ways) {
    const stats = await extracts(dir, made, ...way);
    const { "chunks-from-seeds": seeds, "chunks-from-store": store, "bytes-copied-from-seeds": copied } =
      stats;
    deepStrictEqual([seeds, store, copied + stats["bytes-cloned-from-seeds"]], [2, 2, 40_000], way.join(" "));
    deepStrictEqual([stats.seeds, stats.stderr], [1, ""]);
  }
  const { stderr } = await extracts(dir, made, "--seed", `${v1}.caibx:${v1}:reserved`);
  match(stderr, /ignoring "reserved"/);
});

Deno.test("the index of the blob itself is no seed in a directory", async () => {
  using dir = tempDir();
  const { made } = versions(dir);
  dir.write("seeds/blob", new Uint8Array(made.bytes.length));
  Deno.copyFileSync(made.index, dir.path("seeds", "blob.caibx"));
  const { code, stderr } = await runCli([
    ...["extract", "-s", made.store, "--seed-dir", dir.path("seeds")],
    ...[dir.path("seeds", "blob.caibx"), dir.path("target")],
  ]);
  deepStrictEqual([code, stderr], [0, ""]);
});

Deno.test("a directory without seeds is a warning", async () => {
  using dir = tempDir();
  const { v1, made } = versions(dir);
  const empty = dir.dir("empty");
  const other = dir.path("other", "v1.caibx");
  Deno.copyFileSync(`${v1}.caibx`, other);
  Deno.copyFileSync(v1, dir.path("other", "v1.raw"));
  const blob = dir.path("other", "v1");
  for (
    const [directory, reason] of [
      [empty, "there is no index (.caibx) in it"],
      [dir.path("other"), `no index in it has its blob beside it: ${other} is that of ${blob}`],
    ]
  ) {
    const { stderr } = await extracts(dir, made, "--seed-dir", directory);
    strictEqual(stderr, `desync: --seed-dir ${directory}: no seeds found: ${reason}\n`);
  }
});

Deno.test("a seed whose index lies: an error, a warning, or another index", async () => {
  using dir = tempDir();
  const { v1, made } = versions(dir);
  const bytes = Deno.readFileSync(v1);
  bytes[45_000] ^= 1;
  Deno.writeFileSync(v1, bytes);
  const seed = ["--seed", `${v1}.caibx`];
  const words = ["extract", "-s", made.store, ...seed, made.index, dir.path("target")];
  assertFails(await runCli(words), 1, `Cannot use the seed ${v1}: it is not what its index describes`);
  ok(!exists(dir.path("target")));
  const skipping = await extracts(dir, made, ...seed, "--skip-invalid-seeds");
  deepStrictEqual([skipping["chunks-from-seeds"], skipping["chunks-from-store"]], [1, 3]);
  match(skipping.stderr, /^desync: Cannot use the seed .* \(continuing with what it has\)\n$/);
  const again = await extracts(dir, made, ...seed, "--regenerate-invalid-seeds");
  strictEqual(again.stderr, "");
  const both = await runCli([...words, "--skip-invalid-seeds", "--regenerate-invalid-seeds"]);
  assertFails(both, 2, "exclude each other");
});

Deno.test("what can be no seed is one clear line", async () => {
  using dir = tempDir();
  const { v1, made } = versions(dir);
  const target = dir.write("target", made.bytes.subarray(0, 100));
  const fails = async (status: number, says: string, ...args: string[]) =>
    assertFails(await runCli(["extract", "-s", made.store, ...args, made.index, target]), status, says);
  await fails(1, "none: no such file", "--seed", dir.path("none"));
  await fails(1, "none: no such file", "--seed", `${v1}.caibx:${dir.path("none")}`);
  await fails(1, "none: no such file", "--seed-dir", dir.path("none"));
  await fails(1, "none.caibx: no such file", "--seed", dir.path("none.caibx"));
  await fails(1, "not a valid index", "--seed", `${v1}:${v1}`);
  await fails(2, "it is a directory", "--seed", dir.root);
  await fails(2, "it is the output", "-k", "--seed", target);
  await fails(2, "a blob at a URL cannot be a seed", "--seed", "https://example.com/v1.caibx");
  await fails(2, '":x" of --seed', "--seed", ":x");
  const other = makeBlob(dir, [b], { name: "other", digest: "sha256" });
  await fails(2, "its index uses sha256", "--seed", `${other.index}:${v1}`);
});

Deno.test("other chunk sizes are a warning", async () => {
  using dir = tempDir();
  const { v1, made } = versions(dir);
  const other = makeBlob(dir, [a, b], { name: "other", index: { avg: 1000 } });
  const { stderr } = await extracts(dir, made, "--seed", `${other.index}:${v1}`);
  match(stderr, /^desync: Cannot use much of the seed .*\n$/);
});

Deno.test("programs read how far it is in desync's lines", async () => {
  using dir = tempDir();
  const { v1, made } = versions(dir);
  Deno.writeFileSync(v1, new Uint8Array(60_000));
  const phases = async (...args: string[]) => {
    const { stderr } = await extracts(dir, made, "--progress=lines", ...args);
    const lines = stderr.split("\n").filter((line) => line !== "");
    for (const line of lines) {
      match(line, /^Attempt [12]: (Validating|Chunking Seed 1|Assembling) +[\d.]+%( \d+s)?$/);
    }
    return [...new Set(lines.map((line) => line.replace(/ +[\d.]+%.*$/, "")))];
  };
  const seed = ["--seed", `${v1}.caibx`];
  deepStrictEqual(await phases(), ["Attempt 1: Assembling"]);
  deepStrictEqual(await phases(...seed, "--regenerate-invalid-seeds"), [
    "Attempt 1: Validating",
    "Attempt 1: Assembling",
    "Attempt 1: Chunking Seed 1",
    "Attempt 2: Assembling",
  ]);
  const withoutIndex = ["-c", dir.path("cache"), "--seed", v1];
  deepStrictEqual(await phases(...withoutIndex), [
    "Attempt 1: Validating",
    "Attempt 1: Chunking Seed 1",
    "Attempt 1: Assembling",
  ]);
  // Its index was kept in the cache, which commands for stores do not mind.
  deepStrictEqual(await phases(...withoutIndex), ["Attempt 1: Validating", "Attempt 1: Assembling"]);
  strictEqual([...Deno.readDirSync(dir.path("cache", ".seeds"))].length, 1);
  const { code, stdout, stderr } = await runCli(["verify", "-s", dir.path("cache")]);
  deepStrictEqual([code, stdout, stderr], [0, "", ""]);
  const pruned = await runCli(["prune", "-y", "-s", dir.path("cache"), made.index]);
  strictEqual(pruned.code, 0, pruned.stderr);
  strictEqual([...Deno.readDirSync(dir.path("cache", ".seeds"))].length, 1);
});

Deno.test("a cache gets nothing from seeds, and is not asked for what they have", async () => {
  using dir = tempDir();
  const { v1, made } = versions(dir);
  await using server = await startFaultyServer(
    {},
    ({ path }) => ({ body: Deno.readFileSync(made.store + path) }),
  );
  const { code, stderr } = await runCli([
    ...["extract", "-s", server.url, "-c", dir.path("cache"), "--seed", `${v1}.caibx`],
    ...[made.index, dir.path("target")],
  ]);
  deepStrictEqual([code, stderr], [0, ""]);
  strictEqual(server.requests.length, 2);
  const kept = made.ids.map((id) => exists(dir.path("cache", id.slice(0, 4), `${id}.cacnk`)));
  deepStrictEqual(kept, [false, false, true, true]);
});
