/** extract with a cache. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { extracts, sourcesOf } from "../../support/extracts.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { amount } from "../../support/thorough.ts";

Deno.test("the cache is filled from stores, searched first, and renewed", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const cache = dir.path("new", "cache");
  const name = `cache ${cache}`;
  deepStrictEqual(await sourcesOf(dir, made, "-s", made.store, "-c", cache), { [made.store]: 3 });
  // The store is asked only for what the cache lacks.
  for (const piece of [1, 2]) Deno.removeSync(made.chunk(piece));
  const file = made.chunk(0).replace(made.store, cache);
  const old = new Date("2020-01-01");
  Deno.utimeSync(file, old, old);
  const unused = makeBlob(dir, [new Uint8Array(77)], { name: "new/cache" }).chunk(0);
  Deno.utimeSync(unused, old, old);
  const before = Date.now();
  deepStrictEqual(await sourcesOf(dir, made, "-s", made.store, "-c", cache), { [name]: 3 });
  ok(Number(Deno.statSync(file).mtime) >= before - 1000, "used now");
  strictEqual(Number(Deno.statSync(unused).mtime), Number(old));
  deepStrictEqual(await sourcesOf(dir, made, "-c", cache), { [name]: 3 });
});

for (const form of ["zstd", "plain"] as const) {
  Deno.test(`an invalid ${form} chunk in the cache is an error, and is replaced with --cache-repair`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const cached = makeBlob(dir, somePieces(), { name: "cache", form });
    const bad = new TextEncoder().encode("not the chunk");
    Deno.writeFileSync(cached.chunk(1), bad);
    const args = ["extract", "-s", made.store, "-c", cached.store, made.index, dir.path("target")];
    const result = await runCli(args);
    assertFails(
      result,
      1,
      made.ids[1],
      `the cache ${cached.store}`,
      `verify -r -s ${cached.store}`,
      "--cache-repair",
    );
    deepStrictEqual(Deno.readFileSync(cached.chunk(1)), bad, "it is not removed without being asked");
    await extracts(dir, made, "-s", made.store, "-c", cached.store, "--cache-repair");
    strictEqual((await runCli(["verify", "-s", cached.store])).code, 0, "it is right now");
    await extracts(dir, made, "-c", cached.store);
  });
}

Deno.test("a chunk in the cache that is larger than it can be is replaced as well", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const cached = makeBlob(dir, somePieces(), { name: "cache" });
  Deno.writeFileSync(cached.chunk(0), new Uint8Array(1_000_000));
  const args = ["-s", made.store, "-c", cached.store];
  assertFails(
    await runCli(["extract", ...args, made.index, dir.path("target")]),
    1,
    made.ids[0],
    "--cache-repair",
  );
  await extracts(dir, made, ...args, "-r");
  await extracts(dir, made, "-c", cached.store);
});

Deno.test("an invalid chunk of a store never gets into the cache", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  Deno.writeFileSync(made.chunk(0), Deno.readFileSync(made.chunk(1)));
  const cache = dir.path("cache");
  for (const store of [made.store]) {
    const result = await runCli(["extract", "-s", store, "-c", cache, made.index, dir.path("target")]);
    assertFails(result, 1, made.ids[0]);
  }
  strictEqual((await runCli(["verify", "-s", cache])).code, 0);
});

Deno.test("several processes share one cache at once", async () => {
  using dir = tempDir();
  const noise = new Random(4);
  const count = amount(80, 200);
  const made = makeBlob(dir, Array.from({ length: count }, () => noise.bytes(3000)));
  const cache = dir.path("cache");
  await using server = await startFaultyServer({}, (request) => ({
    body: Deno.readFileSync(made.store + request.path),
  }));
  const run = (number: number, store: string) =>
    runCli(["extract", "-s", store, "-c", cache, made.index, dir.path(`target${number}`)]);
  for (const result of await Promise.all([1, 2, 3, 4].map((n) => run(n, n % 2 ? server.url : made.store)))) {
    strictEqual(result.code, 0, result.stderr);
  }
  for (const n of [1, 2, 3, 4]) sameBytes(Deno.readFileSync(dir.path(`target${n}`)), made.bytes);
  const names = [...Deno.readDirSync(cache)].flatMap(({ name }) => [...Deno.readDirSync(`${cache}/${name}`)]);
  strictEqual(names.length, count);
  strictEqual((await runCli(["verify", "-s", cache])).code, 0);
});
