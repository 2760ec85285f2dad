import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { type Made, makeBlob, somePieces } from "../../support/made.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type FaultyServer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";

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

Deno.test("the bytes predicted are the bytes fetched: two stores, a cache, zeros, repeats", async () => {
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
