import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { type Made, makeBlob, somePieces } from "../../support/made.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type FaultyServer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { joined } from "../../support/data/joined.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

/** What `--plan=json` prints of a source. */
interface PlannedSource {
  kind: string;
  location: string | null;
  chunks: number;
  size: number;
  "compressed-size"?: number;
  requests?: number;
  "not-found"?: number;
}

/** What `--plan=json` prints. */
interface Plan {
  size: number;
  fetch: { chunks: number; requests: number; size: number; "compressed-size": number | null };
  sources: PlannedSource[];
  paths: { path: string; "new-size": number; "kept-size": number }[];
  "paths-fetch": { chunks: number; "compressed-size": number };
}

async function planOf(...args: string[]): Promise<Plan> {
  const { code, stdout, stderr } = await runCli(args);
  deepStrictEqual([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

/** A server with the files of a directory. */
async function serve(root: string): Promise<FaultyServer> {
  return await startFaultyServer({}, ({ path }) => {
    try {
      return { body: Deno.readFileSync(root + path) };
    } catch {
      return { status: 404 };
    }
  });
}

/** Chunks and bytes that a server has delivered, from `first` of its requests on. */
function delivered(server: FaultyServer, root: string, first = 0): { chunks: number; bytes: number } {
  const found = server.requests.slice(first).filter(({ method }) => method === "GET").flatMap(({ path }) => {
    try {
      return [Deno.statSync(root + path).size];
    } catch {
      return [];
    }
  });
  return { chunks: found.length, bytes: found.reduce((sum, size) => sum + size, 0) };
}

/** Removes some of the chunks of a store. */
function thin(made: Made, numbers: { below(limit: number): number }, share: number): void {
  for (let i = 0; i < made.ids.length; i++) {
    if (numbers.below(100) >= share) continue;
    try {
      Deno.removeSync(made.chunk(i));
    } catch { // It comes again, and is gone already.
    }
  }
}

inTurn()("the bytes predicted are the bytes fetched: two stores, a cache, zeros, repeats", async () => {
  const numbers = random();
  using dir = tempDir();
  const kinds = Array.from({ length: 60 }, () => numbers.bytes(100 + numbers.below(5000)));
  kinds.push(new Uint8Array(65_536));
  const pieces = Array.from({ length: 150 }, () => kinds[numbers.below(kinds.length)]);
  const made = makeBlob(dir, pieces, { name: "near" });
  const far = makeBlob(dir, pieces, { name: "far" });
  const cached = makeBlob(dir, pieces, { name: "cache" });
  thin(made, numbers, 60);
  thin(cached, numbers, 80);
  await using near = await serve(made.store);
  await using last = await serve(far.store);
  const sources = ["-s", near.url, "-s", last.url, "-c", cached.store];
  const plan = await planOf("info", "--plan=json", ...sources, made.index);
  deepStrictEqual(
    new Set([...near.requests, ...last.requests].map(({ method }) => method)),
    new Set(["HEAD"]),
  );
  const [asked, askedLast] = [near.requests.length, last.requests.length];
  strictEqual((await runCli(["extract", ...sources, made.index, dir.path("target")])).code, 0);
  sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
  const found = [delivered(near, made.store, asked), delivered(last, far.store, askedLast)];
  const stores = plan.sources.filter(({ kind }) => kind === "store");
  deepStrictEqual(
    stores.map((store) => ({ chunks: store.chunks, bytes: store["compressed-size"] })),
    found,
  );
  // A chunk that is not there is asked for in both forms.
  const requests = [near.requests.length - asked, last.requests.length - askedLast];
  deepStrictEqual(stores.map((store) => store.requests! + store["not-found"]!), requests);
  strictEqual(plan.fetch["compressed-size"], found[0].bytes + found[1].bytes);
  strictEqual(plan.sources.reduce((sum, { size }) => sum + size, 0), made.bytes.length);
});

/** All files below, with their sizes and times. */
function snapshot(root: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(root)) {
    const path = `${root}/${name}`;
    if (isDirectory) found.push(...snapshot(path));
    const { size, mtime } = Deno.statSync(path);
    found.push(`${path} ${size} ${mtime?.getTime()}`);
  }
  return found.sort();
}

/** The bytes with others put in, taken out and repeated, and a long run of zeros. */
function changed(bytes: Uint8Array, numbers: { bytes(length: number): Uint8Array }): Uint8Array {
  const [a, b, c] = [
    bytes.subarray(3000, 200_000),
    bytes.subarray(210_000, 400_000),
    bytes.subarray(400_000),
  ];
  const fresh = numbers.bytes(60_000);
  return joined([numbers.bytes(5000), b, fresh, new Uint8Array(105_000), a, numbers.bytes(30_000), fresh, c]);
}

inTurn()(
  "extract --dry-run predicts what is then fetched: seeds, the old output, in place, and after an interruption",
  async () => {
    const numbers = random();
    using dir = tempDir();
    const old = numbers.bytes(600_000);
    const wanted = changed(old, numbers);
    const make = async (name: string, bytes: Uint8Array) => {
      const made = ["make", "-m", "1:4:16", "-s", dir.path("store"), dir.path(`${name}.caibx`)];
      strictEqual((await runCli([...made, dir.write(name, bytes)])).code, 0);
    };
    await make("v1", old);
    await make("v2", wanted);
    const store = dir.path("store");
    let broken = 0;
    await using server = await startFaultyServer({}, ({ path, method }) => {
      if (method === "GET" && broken > 0 && --broken === 0) return { status: 403 };
      return { body: Deno.readFileSync(store + path) };
    });
    dir.dir("out");
    const target = dir.path("out/blob");
    const [index, caches] = [dir.path("v2.caibx"), ["-c", dir.path("cache")]];
    const cases: { name: string; args: string[]; old?: Uint8Array; breaks?: number }[] = [
      { name: "a seed that is cut", args: ["--seed", dir.path("v1")] },
      {
        name: "a seed with its index",
        args: ["--seed", `${dir.path("v1.caibx")}:${dir.path("v1")}`, ...caches],
      },
      { name: "the old output", args: [], old },
      { name: "in place", args: ["-k"], old: wanted.with(50_000, 1).with(300_000, 1) },
      { name: "in place, what moved", args: ["-k"], old },
      { name: "in place, shorter", args: ["-k"], old: wanted.subarray(0, 300_000) },
      { name: "in place, new", args: ["-k"] },
      {
        name: "in place, swapped",
        args: ["-k"],
        old: joined([wanted.subarray(200_000), wanted.subarray(0, 200_000)]),
      },
      { name: "in place, and a seed", args: ["-k", "--seed", dir.path("v1")], old: wanted.subarray(100_000) },
      { name: "up to date", args: [], old: wanted },
      { name: "interrupted", args: [], breaks: 40 },
      { name: "the cache", args: caches },
    ];
    for (const { name, args, old, breaks } of cases) {
      Deno.removeSync(dir.path("out"), { recursive: true });
      dir.dir("out");
      if (old !== undefined) dir.write("out/blob", old);
      const all = [...args, "-s", server.url, index, target];
      if (breaks !== undefined) {
        broken = breaks;
        assertFails(await runCli(["extract", ...all]), 1, "403");
        strictEqual([...Deno.readDirSync(dir.path("out"))].length, 1, "a partial file is left");
      }
      const before = snapshot(dir.root);
      const asked = server.requests.length;
      const plan = await planOf("extract", "--dry-run=json", ...all);
      deepStrictEqual(snapshot(dir.root), before, name);
      deepStrictEqual(delivered(server, store, asked).chunks, 0, name);
      const first = server.requests.length;
      const { code, stdout, stderr } = await runCli(["extract", "--print-stats", ...all]);
      deepStrictEqual([code, stderr], [0, ""], name);
      sameBytes(Deno.readFileSync(target), wanted);
      const { chunks, bytes } = delivered(server, store, first);
      deepStrictEqual(
        { chunks: plan.fetch.chunks, bytes: plan.fetch["compressed-size"] },
        { chunks, bytes },
        name,
      );
      strictEqual(plan.fetch.requests, chunks, name);
      strictEqual(plan.sources.reduce((sum, { size }) => sum + size, 0), wanted.length, name);
      // Seeds give what was planned, each chunk counted with all of its places.
      const seeds = (JSON.parse(stdout).sources as { name: string; chunks: number }[])
        .filter(({ name }) => name.startsWith("seed "));
      deepStrictEqual(
        plan.sources.filter(({ kind, chunks }) => kind === "seed" && chunks > 0).map(({ chunks }) => chunks),
        seeds.map(({ chunks }) => chunks),
        name,
      );
    }
  },
);

Deno.test("info --plan=text, =svg and =html; what cannot be asked for is refused", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const seed = makeBlob(dir, somePieces().slice(1), { name: "old" });
  const args = [made.index, "--seed", seed.index, "-s", made.store];
  const text = await runCli(["info", "--plan", ...args]);
  deepStrictEqual([text.code, text.stderr], [0, ""]);
  match(text.stdout, /^new {2}\|s+\|\nold {2}\|[sm]+\|$/m);
  ok(!text.stdout.includes("\x1b"));
  strictEqual((await runCli(["info", "--plan=text", ...args])).stdout, text.stdout);
  match((await runCli(["info", "--plan=svg", ...args])).stdout, /^<svg [^]*<\/svg>\n$/);
  match((await runCli(["info", "--plan=html", ...args])).stdout, /^<!DOCTYPE html>[^]*<\/html>\n$/);
  assertFails(await runCli(["info", "--plan=pdf", ...args]), 2, "pdf", "text, json, svg, html");
  assertFails(await runCli(["info", "--plan", "--rate", "fast", ...args]), 2, "fast");
  assertFails(await runCli(["info", "--by-path", ...args]), 2, "--by-path", "--plan");
  const extract = [made.index, dir.path("new"), "-s", made.store];
  assertFails(await runCli(["extract", "--rate", "1M", ...extract]), 2, "--rate", "--dry-run");
  assertFails(await runCli(["extract", "--dry-run", made.index, dir.path("new")]), 2, "--store");
  const dry = await runCli(["extract", "--dry-run", "--rate", "1M", ...extract]);
  deepStrictEqual([dry.code, dry.stderr], [0, ""]);
  match(dry.stdout, /^new {2}\|[Fr]+\|$[^]*^Time +0s at 1\.05 MB\/s$/m);
});

Deno.test("info --plan --by-path lists the paths that cost the update", async () => {
  const numbers = random();
  using dir = tempDir();
  const files = ["bin/tool", "bin/other", "lib/a.so", "lib/b.so", "lib/deep/c", "README"];
  for (const name of files) dir.write(`tree/${name}`, numbers.bytes(150_000 + numbers.below(100_000)));
  const tar = ["tar", "-i", "-s", dir.path("store")];
  strictEqual((await runCli([...tar, dir.path("v1.caidx"), dir.path("tree")])).code, 0);
  dir.write("tree/lib/b.so", numbers.bytes(300_000));
  dir.write("tree/lib/new", numbers.bytes(40_000));
  strictEqual((await runCli([...tar, dir.path("v2.caidx"), dir.path("tree")])).code, 0);
  await using server = await serve(dir.path("store"));
  const args = ["--seed", dir.path("v1.caidx"), "-s", server.url, dir.path("v2.caidx")];
  const plan = await planOf("info", "--plan=json", "--by-path", ...args);
  strictEqual(plan.paths[0].path, "lib/b.so");
  ok(plan.paths[0]["new-size"] >= 300_000);
  strictEqual(plan.paths.reduce((sum, path) => sum + path["new-size"], 0), plan.fetch.size);
  const { chunks, bytes } = delivered(server, dir.path("store"));
  deepStrictEqual(plan["paths-fetch"], { chunks, "compressed-size": bytes });
  const { stdout } = await runCli(["info", "--plan", "--by-path", ...args]);
  match(
    stdout,
    /fetching \d+ chunks? \([^)]+\) with the\s+archive's tables[^]*^ +3\d\d KB +\S+ \S+ +lib\/b\.so$/m,
  );
  const blob = ["--by-path", "-s", testdata("casync-zstd.castr"), testdata("casync-blob.caibx")];
  assertFails(await runCli(["info", "--plan", ...blob]), 1, "casync-blob.caibx", "not a valid archive");
});
