import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { contentOf, filesIn } from "../../support/files.ts";
import { type Form, makeBlob, somePieces, stored } from "../../support/made.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { startNginx } from "../../support/servers/nginx.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { sha512256 } from "../../support/sha.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { smallBlob, testdata } from "../../support/testdata.ts";
import { unzstd } from "../../support/data/zstd.ts";
import { zstdFrames } from "../../support/data/zstd_frames.ts";

const small = testdata("casync-small.caibx");

/** Runs `cache` into the directory `target` and returns what is there then. */
async function caches(dir: TempDir, ...args: string[]): Promise<Record<string, Uint8Array>> {
  const result = await runCli(["cache", "-c", dir.path("target"), ...args]);
  deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
  return contentOf(dir.path("target"));
}

Deno.test("cache copies the chunks of an index from store to store as they are stored", async () => {
  for (const store of [testdata("casync-zstd.castr"), testdata("desync-zstd.castr")]) {
    using dir = tempDir();
    const content = await caches(dir, "-s", store, small);
    strictEqual(Object.keys(content).length, 9);
    for (const [name, bytes] of Object.entries(content)) {
      deepStrictEqual(bytes, Deno.readFileSync(join(store, name)));
    }
  }
});

Deno.test({
  name: "cache over HTTP gives the same",
  ignore: !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    const store = testdata("casync-zstd.castr");
    await using server = await startNginx(store);
    const content = await caches(dir, "-s", server.url, small);
    strictEqual(Object.keys(content).length, 9);
    for (const [name, bytes] of Object.entries(content)) {
      deepStrictEqual(bytes, Deno.readFileSync(join(store, name)));
    }
    const requests = (await server.requests()).filter((line) => line.endsWith(" 200"));
    deepStrictEqual(requests.map((line) => line.split(" ")[1].slice(1)).sort(), Object.keys(content));
    await caches(dir, "-s", server.url, small);
    strictEqual((await server.requests()).filter((line) => line.endsWith(" 200")).length, 9, "none again");
  },
});

const forms: [from: string, args: string[], to: "zstd" | "plain"][] = [
  ["casync-gzip.castr", [], "zstd"],
  ["desync-uncompressed.castr", [], "zstd"],
  ["casync-zstd.castr", ["-u"], "plain"],
  ["casync-gzip.castr", ["-u"], "plain"],
  ["desync-uncompressed.castr", ["--uncompressed"], "plain"],
];
for (const [from, args, to] of forms) {
  for (const over of ["disk", "HTTP"]) {
    Deno.test(`cache ${args.join(" ")} from ${from} over ${over} stores ${to}`, async () => {
      using dir = tempDir();
      await using server = await startFaultyServer({}, (request) => {
        const path = testdata(from) + request.path;
        return exists(path) ? { body: Deno.readFileSync(path) } : { status: 404 };
      });
      const content = await caches(dir, ...args, "-s", over === "disk" ? testdata(from) : server.url, small);
      strictEqual(Object.keys(content).length, 9);
      for (const [name, bytes] of Object.entries(content)) {
        strictEqual(name.endsWith(".cacnk"), to === "zstd", name);
        if (to === "zstd") strictEqual(zstdFrames(bytes).length, 1);
        const chunk = to === "zstd" ? unzstd(bytes) : bytes;
        strictEqual(name.slice(5, 69), sha512256(chunk));
      }
      const target = dir.path("extracted");
      strictEqual((await runCli(["extract", "-s", dir.path("target"), small, target])).code, 0);
      deepStrictEqual(Deno.readFileSync(target), smallBlob());
    });
  }
}

Deno.test({
  name: "casync and desync extract from what cache stored",
  ignore: !peers.casync || !peers.desync,
  fn: async () => {
    using dir = tempDir();
    await caches(dir, "-s", testdata("casync-gzip.castr"), "--compression-level", "9", small);
    await run(peers.casync, ["extract", `--store=${dir.path("target")}`, small, dir.path("a")]);
    await run(peers.desync, ["extract", "-s", dir.path("target"), small, dir.path("b")]);
    for (const name of ["a", "b"]) deepStrictEqual(Deno.readFileSync(dir.path(name)), smallBlob());
  },
});

Deno.test("cache requests each chunk once, none that is there or ignored, and searches stores in order", async () => {
  using dir = tempDir();
  const noise = new Random(1);
  const pieces = Array.from({ length: 8 }, () => noise.bytes(3000));
  const made = makeBlob(dir, [...pieces, ...pieces]);
  const two = makeBlob(dir, [noise.bytes(500), pieces[7]], { name: "two" });
  makeBlob(dir, [pieces[0]], { name: "target", form: "plain" });
  const ignored = makeBlob(dir, [pieces[1]], { name: "ignored" });
  const list = dir.write("ids", `${made.ids[2]}\n`);
  const first = await startFaultyServer({}, (request) => {
    return request.path.includes(made.ids[3]) ? { body: Deno.readFileSync(made.chunk(3)) } : { status: 404 };
  });
  const second = await startFaultyServer({}, (request) => {
    for (const folder of [made.store, two.store]) {
      if (exists(folder + request.path)) return { body: Deno.readFileSync(folder + request.path) };
    }
    return { status: 404 };
  });
  await using _servers = {
    [Symbol.asyncDispose]: async () =>
      void await Promise.all([first, second].map((s) => s[Symbol.asyncDispose]())),
  };
  const before = Deno.statSync(dir.path("target")).mtime;
  ok(before);
  const args = ["--ignore", ignored.index, "--ignore-chunks", list, "-s", first.url, "-s", second.url];
  const content = await caches(dir, ...args, made.index, two.index);
  const ids = (requests: typeof first.requests) =>
    requests.filter((request) => request.path.endsWith(".cacnk")).map((request) => request.path.slice(6, 70))
      .sort();
  deepStrictEqual(ids(first.requests), [...made.ids.slice(3, 8), two.ids[0]].sort());
  deepStrictEqual(ids(second.requests), [...made.ids.slice(4, 8), two.ids[0]].sort());
  const id = (piece: number) => made.ids[piece];
  const names = [3, 4, 5, 6, 7].map((piece) => `${id(piece).slice(0, 4)}/${id(piece)}.cacnk`);
  const plain = `${id(0).slice(0, 4)}/${id(0)}`;
  deepStrictEqual(
    Object.keys(content),
    [...names, plain, `${two.ids[0].slice(0, 4)}/${two.ids[0]}.cacnk`].sort(),
  );
});

Deno.test("cache never stores an invalid chunk: a local one is an error, a remote one is taken from the next store", async () => {
  for (const form of ["zstd", "gzip", "plain"] as Form[]) {
    using dir = tempDir();
    const pieces = somePieces();
    const made = makeBlob(dir, pieces, { form });
    const good = makeBlob(dir, pieces, { name: "good" });
    Deno.writeFileSync(made.chunk(0), stored(new Uint8Array(20_000).fill(1), form));
    await using server = await startFaultyServer({}, (request) => {
      const path = made.store + request.path;
      return exists(path) ? { body: Deno.readFileSync(path) } : { status: 404 };
    });
    for (const stores of [[made.store, good.store], [server.url], [server.url, good.store]]) {
      for (const options of [[], ["-u"]]) {
        const target = dir.dir(`target-${crypto.randomUUID()}`);
        const from = stores.flatMap((store) => ["-s", store]);
        const args = ["cache", "-b", "1ms", ...options, ...from, "-c", target, made.index];
        const result = await runCli(args);
        const has = filesIn(target).some((name) => name.includes(made.ids[0]));
        if (stores[0] === server.url && stores.length > 1) {
          deepStrictEqual([result.code, result.stderr, has], [0, "", true]);
        } else {
          assertFails(result, 1, made.ids[0], stores[0], "invalid");
          strictEqual(has, false, "not stored");
        }
        strictEqual((await runCli(["verify", "-s", target])).code, 0);
      }
    }
  }
});

Deno.test("cache names a chunk that no store has", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  Deno.removeSync(made.chunk(1));
  const args = ["cache", "-s", made.store, "-s", dir.dir("other"), "-c", dir.path("target"), made.index];
  assertFails(await runCli(args), 1, made.ids[1], `searched: ${made.store}, ${dir.path("other")}`);
});

Deno.test("cache with wrong arguments", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const file = dir.write("file", "x");
  const target = dir.path("target");
  assertFails(await runCli(["cache", "-c", dir.path("unmade"), made.index]), 2, "-s");
  strictEqual(exists(dir.path("unmade")), false, "nothing is made for a command that makes no sense");
  assertFails(await runCli(["cache", "-s", made.store, made.index]), 2, "-c");
  assertFails(await runCli(["cache", "-s", made.store, "-c", target]), 2, "index");
  assertFails(await runCli(["cache", "-s", made.store, "-c", file, made.index]), 1, file, "not a directory");
  assertFails(
    await runCli(["cache", "-s", dir.path("none"), "-c", target, made.index]),
    1,
    dir.path("none"),
    "no such directory",
  );
  assertFails(
    await runCli(["cache", "-s", made.store, "-c", "ssh://127.0.0.1/x", made.index]),
    1,
    "writing to ssh:// stores is not supported",
  );
  assertFails(
    await runCli(["cache", "-s", made.store, "-c", target, made.index, file]),
    1,
    file,
    /not a valid index/i,
  );
  deepStrictEqual(filesIn(dir.dir("target")), []);
});

Deno.test({
  name: "cache into a store that becomes full leaves whole chunks",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(5);
    const made = makeBlob(dir, Array.from({ length: 60 }, () => noise.bytes(30_000)));
    await using server = await startFaultyServer(
      {},
      (request) => ({ body: Deno.readFileSync(made.store + request.path) }),
    );
    const target = dir.dir("full");
    for (const store of [made.store, server.url]) {
      await using _small = await mountTmpfs(target, "512k");
      const result = await runCli(["cache", "-s", store, "-c", target, made.index]);
      assertFails(result, 1, target, "no space left on the device");
      ok(
        filesIn(target).every((name) => /^[0-9a-f]{4}\/[0-9a-f]{64}\.cacnk$/.test(name)),
        filesIn(target).join("\n"),
      );
      strictEqual((await runCli(["verify", "-s", target])).code, 0);
    }
  },
});
