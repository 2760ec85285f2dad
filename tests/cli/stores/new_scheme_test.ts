/** A new scheme takes what opens it and one line: then every command knows it. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runCli, runnerOf } from "../../support/cli.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { repository } from "../../support/process.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";

const toy = join(repository, "tests/support/programs/toy_main.ts");
const run = runnerOf([Deno.execPath(), "run", "-A", "--no-check", toy], pathToFileURL(toy).href);
const runToy = (...args: string[]) => run(args);

async function succeeds(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runToy(...args);
  strictEqual(code, 0, stderr);
  return stdout;
}

Deno.test("indexes are written to, and read from, a scheme that was added", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const blob = dir.write("bytes", made.bytes);
  const store = dir.path("store");
  const url = `toy://s3cret@${dir.dir("toy")}`;
  await succeeds("make", "-s", store, `${url}/x.caibx`, blob);
  const ids = await succeeds("list-chunks", `${url}/x.caibx`);
  await succeeds("make", dir.path("y.caibx"), blob);
  strictEqual(ids, (await runCli(["list-chunks", dir.path("y.caibx")])).stdout);
  await succeeds("verify-index", `${url}/x.caibx`, blob);
});

Deno.test("chunks are read from a scheme that was added, by every way that reads them", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const toy = dir.dir("toy");
  for (const [i, id] of made.ids.entries()) Deno.copyFileSync(made.chunk(i), `${toy}/compressed-${id}`);
  const url = `toy://${toy}`;
  await succeeds("extract", "-s", url, made.index, dir.path("extracted"));
  sameBytes(Deno.readFileSync(dir.path("extracted")), made.bytes);
  await succeeds("cat", "-s", url, made.index, dir.path("written"));
  sameBytes(Deno.readFileSync(dir.path("written")), made.bytes);
  await succeeds("cache", "-s", url, "-c", dir.path("cache"), made.index);
  await succeeds("extract", "-s", dir.path("cache"), made.index, dir.path("again"));
  sameBytes(Deno.readFileSync(dir.path("again")), made.bytes);
});

Deno.test("make, chop, cache and tar fill a store of a scheme that was added", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const blob = dir.write("bytes", made.bytes);
  const store = (name: string) => `toy://${dir.dir(name)}`;
  const holdsAll = async (store: string, index: string, bytes: Uint8Array) => {
    await succeeds("cat", "-s", store, index, dir.path("written"));
    sameBytes(Deno.readFileSync(dir.path("written")), bytes);
  };
  await succeeds("make", "-s", store("make"), `${store("make")}/x.caibx`, blob);
  await holdsAll(store("make"), `${store("make")}/x.caibx`, made.bytes);
  await succeeds("chop", "-s", store("chop"), made.index, blob);
  await holdsAll(store("chop"), made.index, made.bytes);
  await succeeds("cache", "-s", store("chop"), "-c", store("cache"), made.index);
  await holdsAll(store("cache"), made.index, made.bytes);
  await succeeds("extract", "-s", store("chop"), "-c", store("as cache"), made.index, dir.path("out"));
  await holdsAll(store("as cache"), made.index, made.bytes);
  dir.write("tree/file", made.bytes);
  await succeeds("tar", dir.path("tree.catar"), dir.path("tree"));
  await succeeds("tar", "-i", "-s", store("tar"), dir.path("tree.caidx"), dir.path("tree"));
  await holdsAll(store("tar"), dir.path("tree.caidx"), Deno.readFileSync(dir.path("tree.catar")));
});

Deno.test("archives are read from a scheme that was added", async () => {
  using dir = tempDir();
  const toy = dir.dir("toy");
  Deno.copyFileSync(testdata("tree.catar"), `${toy}/tree.catar`);
  const names = await succeeds("list", `toy://${toy}/tree.catar`);
  strictEqual(names, (await runCli(["list", testdata("tree.catar")])).stdout);
});

Deno.test("a scheme that was added is named where another one is not known, and its secrets are kept", async () => {
  using dir = tempDir();
  const unknown = await runToy("list-chunks", "other://h/x");
  deepStrictEqual([unknown.code, unknown.stderr], [
    2,
    "desync: Cannot read the index other://h/x: other:// is not supported (use a file, http://, https://, sftp://, s3+http://, s3+https:// or toy://)\n",
  ]);
  const missing = await runToy(
    "extract",
    "-s",
    "toy://s3cret@/no/such",
    testdata("casync-small.caibx"),
    dir.path("x"),
  );
  strictEqual(missing.code, 1);
  ok(missing.stderr.includes("(searched: toy:///no/such"), missing.stderr);
});
