import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { pairs, share } from "../../support/thorough.ts";

const blob = testdata("casync-blob.caibx");
const zstd = testdata("casync-zstd.castr");
const small = testdata("casync-small.caibx");
const other = testdata("desync-zstd.castr");

const compared: string[][] = [
  [blob],
  [blob, "-s", zstd],
  [blob, "-s", other],
  [blob, "-s", other, "-s", zstd],
  [small, "-s", testdata("desync-uncompressed.castr")],
  [blob, "-s", zstd, "--seed", small],
  [small, "--seed", testdata("desync-small.caibx")],
  [small, "-s", other, "-c", zstd],
  [testdata("casync-empty.caibx"), "-s", zstd],
  [testdata("casync-small-64-256-1024.caibx"), "--seed", small, "--seed", blob],
];
/** The lines that may differ: desync prints 0 for sizes that it does not know, and asks stores about all chunks. */
const OWN_LINE = /^(Compressed chunks not in seed nor cache|Chunks in store): .*\n/gm;
function comparable(text: string, format: string): string {
  return format === "json" ? text : text.replaceAll(OWN_LINE, "");
}

for (const [turn, args] of compared.entries()) {
  const shown = args.map((arg) => arg.split("/").at(-1)).join(" ");
  for (const format of share(["json", "plain"], 1, turn)) {
    Deno.test({
      name: `info ${shown} -f ${format} prints what desync does`,
      ignore: !peers.desync,
      fn: async () => {
        const ours = await runCli(["info", "-f", format, ...args]);
        // desync finds uncompressed chunks only when its configuration says so.
        using dir = tempDir();
        const options = {
          "store-options": { [testdata("desync-uncompressed.castr")]: { uncompressed: true } },
        };
        const config = dir.write("config.json", JSON.stringify(options));
        const theirs = await run(peers.desync, ["--config", config, "info", "-f", format, ...args]);
        deepStrictEqual([ours.code, ours.stderr], [0, ""]);
        strictEqual(comparable(ours.stdout, format), comparable(theirs.stdout, format));
      },
    });
  }
}

/** What is printed in the plain form, by the words of each line. */
async function plain(...args: string[]): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await runCli(["info", "-f", "plain", ...args]);
  deepStrictEqual([code, stderr], [0, ""]);
  return Object.fromEntries(stdout.trim().split("\n").map((line) => line.split(": ")));
}
const COMPRESSED = "Compressed chunks not in seed nor cache";

Deno.test("info -f plain asks a server only about needed chunks, also for their sizes", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  const seed = makeBlob(dir, [pieces[0]], { name: "seed" });
  makeBlob(dir, [pieces[1]], { name: "cache" });
  const needed = made.ids[2];
  await using server = await startFaultyServer({}, (request) => {
    return request.path.endsWith(`${needed}.cacnk`) ? { body: "x".repeat(321) } : { status: 404 };
  });
  const lines = await plain("-s", server.url, "-c", dir.path("cache"), "--seed", seed.index, made.index);
  deepStrictEqual([lines["Chunks in store"], lines[COMPRESSED]], ["1 of the 1 not in seed nor cache", "321"]);
  ok(server.requests.every(({ path, method }) => path.includes(needed) && method === "HEAD"));
  deepStrictEqual(
    [await plain("-s", server.url, made.index)].map((all) => [all["Chunks in store"], all[COMPRESSED]]),
    [
      ["1", "unknown"],
    ],
  );
});

Deno.test("info -f plain prints unknown instead of 0 for sizes it does not know", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  strictEqual((await plain(made.index))[COMPRESSED], "unknown");
  strictEqual((await plain("--seed", made.index, made.index))[COMPRESSED], "0");
  const stored = [0, 1, 2].reduce((sum, i) => sum + Deno.statSync(made.chunk(i)).size, 0);
  strictEqual((await plain("-s", made.store, made.index))[COMPRESSED], String(stored));
  Deno.removeSync(made.chunk(1));
  strictEqual((await plain("-s", made.store, made.index))[COMPRESSED], "unknown");
});

Deno.test("info counts each different chunk once, and asks servers without reading chunks", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  makeBlob(dir, [pieces[1]], { name: "cache" });
  await using server = await startFaultyServer({}, (request) => {
    return request.path.includes(made.ids[0]) ? { body: "x" } : { status: 404 };
  });
  const { code, stdout } = await runCli(["info", made.index, "-s", server.url, "-c", dir.path("cache")]);
  strictEqual(code, 0);
  const info = JSON.parse(stdout);
  deepStrictEqual(
    [info.total, info.unique, info["in-store"], info["in-cache"], info["not-in-seed-nor-cache"], info.size],
    [4, 3, 1, 1, 2, 80_000],
  );
  strictEqual(info["dedup-size-not-in-seed-nor-cache"], 29_000);
  deepStrictEqual([...new Set(server.requests.map((request) => request.method))], ["HEAD"]);
});

Deno.test("info with wrong arguments", async () => {
  using dir = tempDir();
  const none = dir.path("none");
  assertFails(await runCli(["info", blob, "-f", "xml"]), 2, "plain, json");
  assertFails(await runCli(["info", blob, "-s", none]), 1, none, "no such directory");
  assertFails(await runCli(["info", blob, "-c", none]), 1, none, "no such directory");
  assertFails(await runCli(["info", blob, "--seed", none]), 1, none, "no such file");
  await using server = await startFaultyServer({}, () => ({ status: 403 }));
  assertFails(await runCli(["info", blob, "-s", server.url]), 1, server.url, "HTTP status 403");
});

for (
  const args of [
    [blob],
    [blob, "-s", zstd, "-c", other],
    [blob, "--seed", small],
    [small, "--seed", blob, "-c", testdata("casync-zstd.castr")],
  ]
) {
  const shown = args.map((arg) => arg.split("/").at(-1)).join(" ");
  Deno.test({
    name: `info --chunks-info ${shown} counts the compressed bytes that desync does`,
    ignore: !peers.desync,
    fn: async () => {
      using dir = tempDir();
      // Of the second store some are missing, and of the last all.
      const part = dir.path("part");
      await runCli(["cache", "-s", zstd, "-c", part, small]);
      await runCli(["cache", "-s", zstd, "-c", part, blob]);
      for (const [at, name] of [...Deno.readDirSync(part)].map(({ name }) => name).entries()) {
        if (at % 3 === 0) Deno.removeSync(`${part}/${name}`, { recursive: true });
      }
      for (const [store, format] of pairs([zstd, part, other, undefined], ["json", "plain"])) {
        const list = dir.path("chunks.json");
        const from = store === undefined ? [] : ["-s", store];
        strictEqual((await runCli(["inspect-chunks", ...from, blob, list])).code, 0);
        const all = ["info", "-f", format, "--chunks-info", list, ...args];
        const [ours, theirs] = [await runCli(all), await run(peers.desync, all)];
        deepStrictEqual([ours.code, ours.stderr], [0, ""]);
        strictEqual(comparable(ours.stdout, format), comparable(theirs.stdout, format));
      }
    },
  });
}

Deno.test("info counts the compressed bytes of each chunk once, if the list has them all", async () => {
  using dir = tempDir();
  const pieces = somePieces();
  const made = makeBlob(dir, pieces);
  makeBlob(dir, [pieces[1]], { name: "cache" });
  const [a, b] = made.ids;
  const list = [
    { id: a.toUpperCase(), uncompressed_size: 20_000, compressed_size: 7 },
    { id: b, uncompressed_size: 31_000, compressed_size: 1000 },
    { id: made.ids[2], uncompressed_size: 9000, compressed_size: 20 },
    { id: "0".repeat(64), uncompressed_size: 5, compressed_size: 50 },
    { id: a, uncompressed_size: 20_000, compressed_size: 7 },
  ];
  const file = dir.write("chunks.json", JSON.stringify(list));
  const write = (entries: unknown) => dir.write("chunks.json", JSON.stringify(entries));
  const bytesOf = async (...args: string[]) => {
    const { stdout } = await runCli(["info", "--chunks-info", file, made.index, ...args]);
    return JSON.parse(stdout)["dedup-size-not-in-seed-nor-cache-compressed"];
  };
  deepStrictEqual([await bytesOf(), await bytesOf("-c", dir.path("cache"))], [1027, 27]);
  for (const size of [undefined, 0]) {
    write(list.with(2, { ...list[2], compressed_size: size } as typeof list[number]));
    strictEqual(await bytesOf(), 0, "one that is not known makes the sum unknown");
  }
  strictEqual((await plain("--chunks-info", file, made.index))[COMPRESSED], "unknown");
  write(list.with(1, { ...list[1], uncompressed_size: 30_000 }));
  assertFails(await runCli(["info", "--chunks-info", file, made.index]), 2, file, b, "30000", "31000");
  dir.write("chunks.json", "null\n"); // what desync writes for an index without chunks
  strictEqual(await bytesOf(), 0);
});

Deno.test("info refuses a --chunks-info that inspect-chunks did not write", async () => {
  using dir = tempDir();
  const none = dir.path("none");
  assertFails(await runCli(["info", blob, "--chunks-info", none]), 1, none, "no such file");
  for (const text of ["", "{}", "[", "[1]", "[null]", '[{"id":"zz"}]', '[{"id":5}]', "junk"]) {
    const file = dir.write("bad.json", text);
    assertFails(await runCli(["info", blob, "--chunks-info", file]), 2, file, "inspect-chunks");
  }
});
