/** What `extract` makes of bad input: one clear line, the right status, and nothing lost or left behind. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { type Answer, type FaultyServer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { type Form, type Made, makeBlob, somePieces, stored, zstdBomb } from "../../support/made.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { canMeasureMemory, runCliMeasured } from "../../support/system/peak_memory.ts";
import { freePort } from "../../support/servers/ports.ts";
import { indexBytes, type IndexFields, sha256Flags } from "../../support/data/index_bytes.ts";
import { filesIn } from "../../support/files.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { sha512256 } from "../../support/sha.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { share } from "../../support/thorough.ts";

const OLD = "the old content";

/** Runs `extract` twice, without and with an old target, and checks that it fails in the same way and harms nothing. */
async function extractFails(
  dir: TempDir,
  args: string[],
  status: number,
  ...says: (RegExp | string)[]
): Promise<void> {
  for (const old of ["no target", "old target"] as const) {
    await extractFailsOver(old, dir, args, status, ...says);
  }
}

/** The same for one of the two. */
async function extractFailsOver(
  old: "no target" | "old target",
  dir: TempDir,
  args: string[],
  status: number,
  ...says: (RegExp | string)[]
): Promise<void> {
  const out = dir.dir("out");
  for (const name of filesIn(out)) Deno.removeSync(join(out, name));
  if (old === "old target") dir.write("out/target", OLD);
  const before = filesIn(out);
  const result = await runCli(["extract", ...args, join(out, "target")]);
  assertFails(result, status, ...says);
  // What was written before it failed is left to the next run.
  const left = filesIn(out).filter((name) => !/^\.tmp-desync-target-[0-9a-f]{32}$/.test(name));
  deepStrictEqual(left, before, "what is left beside the target");
  if (old === "old target") strictEqual(Deno.readTextFileSync(join(out, "target")), OLD);
}

const items = [{ end: 20_000, id: "1".repeat(64) }, { end: 30_000, id: "2".repeat(64) }];
const cutIndex = indexBytes({ items }).subarray(0, 100);

const indexes: [name: string, index: IndexFields | Uint8Array | string, ...says: RegExp[]][] = [
  ["something else", "#!/bin/sh\nexit 0\n".repeat(20), /does not start like a \.caibx/],
  ["nothing", "", /it is empty/],
  ["a few bytes", "abc", /only 3 bytes/],
  ["the start of one", cutIndex, /ends after 100 bytes/],
  ["an archive", Deno.readFileSync(testdata("tree.catar")), /does not start like a \.caibx/],
  [
    "one with an offset that goes back",
    { items: [{ end: 20_000 }, { end: 10_000 }] },
    /chunk 1 ends at 10000/,
  ],
  ["one with an offset that stays", { items: [{ end: 20_000 }, { end: 20_000 }] }, /chunk 1 ends at 20000/],
  ["one with a chunk larger than max", { items: [{ end: 262_145 }] }, /262145 bytes, more than .* 262144/],
  [
    "one with a table that claims more",
    { items, tailTableSize: 16 + 3 * 40 + 40 },
    /claims 176 bytes and has 136/,
  ],
  [
    "one with a table that claims more than 2^53",
    { items, tailTableSize: 1n << 63n },
    /claims too many bytes/,
  ],
  ["one with bytes behind its end", { items, trailing: new Uint8Array(3) }, /3 bytes follow its end/],
  ["one with sizes beyond casync's limits", { max: 2 ** 27 + 1, items }, /sizes are out of range/],
  ["one with sizes out of order", { min: 70_000, items }, /sizes are out of order \(70000:65536:262144\)/],
  ["one with an offset beyond 2^53", { items: [{ end: 1n << 60n }] }, /beyond 2\^53/],
  ["one without a tail", { items, noTail: true }, /ends after 144 bytes/],
  ["one whose repeated chunk has two lengths", {
    items: [{ end: 100 }, { end: 300 }],
  }, /0000 has 100 bytes at one place and 200 at another/],
];
for (const [name, index, ...says] of indexes) {
  Deno.test(`extract refuses as an index: ${name}`, async () => {
    using dir = tempDir();
    const bytes = typeof index === "string" || index instanceof Uint8Array ? index : indexBytes(index);
    const path = dir.write("bad.caibx", bytes);
    await extractFailsOver(
      "old target",
      dir,
      ["-s", dir.dir("store"), path],
      1,
      /not a valid index/i,
      ...says,
    );
  });
}

Deno.test("extract reports a missing index, and refuses a directory", async () => {
  using dir = tempDir();
  const store = dir.dir("store");
  await extractFails(dir, ["-s", store, dir.path("none")], 1, dir.path("none"), "no such file");
  await extractFails(dir, ["-s", store, store], 2, store, "it is a directory");
});

Deno.test("extract refuses an index of zeros whose id is not theirs", async () => {
  using dir = tempDir();
  // The id of 65536 zeros, for 1000 bytes: zeros need no store, but they have to be right.
  const id = sha512256(new Uint8Array(65536));
  const made = makeBlob(dir, [new Uint8Array(65536)], { index: { items: [{ end: 1000, id }] } });
  await extractFails(dir, ["-s", made.store, made.index], 1, id);
});

Deno.test("extract refuses an index with the wrong digest flag, and names it", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces(), { index: { flags: sha256Flags } });
  await extractFails(dir, ["-s", made.store, made.index], 1, made.ids[0], made.store, "is the digest right?");
});

Deno.test("extract refuses --digest when the index has another", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const args = ["-s", made.store, "--digest", "sha256", made.index];
  await extractFails(dir, args, 2, made.index, "sha512-256", "sha256");
});

/** A server that serves the store's files; the chunk with that number gets the answer instead. */
function serve(made: Made, piece: number, answer: Answer | Answer[] | undefined): Promise<FaultyServer> {
  const path = made.chunk(piece).slice(made.store.length);
  return startFaultyServer(answer === undefined ? {} : { [path]: answer }, (request) => {
    try {
      return { body: Deno.readFileSync(made.store + request.path) };
    } catch {
      return { status: 404 };
    }
  });
}

/** What happens to the file of one chunk; says is what the message has to tell besides chunk and store. */
const damages: [
  name: string,
  form: Form,
  damage: (bytes: Uint8Array) => Uint8Array | null,
  ...says: RegExp[],
][] = [
  ["is missing", "zstd", () => null, / not found \(searched: /],
  ["has a flipped bit", "zstd", (b) => b.with(b.length - 100, b[b.length - 100] ^ 1), /invalid/],
  ["has a flipped bit and is plain", "plain", (b) => b.with(9, b[9] ^ 128), /sha512-256 digest is/],
  ["has a flipped bit and is gzip", "gzip", (b) => b.with(5000, b[5000] ^ 1), /invalid/],
  ["is cut", "zstd", (b) => b.subarray(0, b.length / 2), /invalid/],
  ["is cut and gzip", "gzip", (b) => b.subarray(0, b.length / 2), /invalid/],
  ["is cut and plain", "plain", (b) => b.subarray(0, 10_000), /has 10000 bytes instead of 20000/],
  ["is empty", "zstd", () => new Uint8Array(0), /is empty/],
  ["is empty and plain", "plain", () => new Uint8Array(0), /0 bytes instead of 20000/],
  ["is too large", "zstd", () => stored(new Uint8Array(20_001), "zstd"), /more than 20000 bytes/],
  ["is too large and gzip", "gzip", () => stored(new Uint8Array(20_001), "gzip"), /more than 20000 bytes/],
  ["is too large and plain", "plain", () => new Uint8Array(20_001), /20001 bytes instead of 20000/],
  ["is too small", "zstd", () => stored(new Uint8Array(19_999), "zstd"), /19999 bytes instead of 20000/],
  ["is another chunk", "zstd", () => stored(new Uint8Array(20_000).fill(7), "zstd"), /digest is/],
  ["is not compressed", "zstd", () => new Uint8Array(20_000).fill(7), /not compressed data/],
  ["is cut inside zstd's header", "zstd", (b) => b.subarray(0, 5), /invalid/],
  ["is a bomb of 4 GB", "zstd", () => zstdBomb(20_000), /more than/],
  [
    "is xz",
    "zstd",
    () => Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2, 3, 4]),
    /^desync: Cannot read .*\bxz\b/,
  ],
];
for (const [name, form, damage, ...says] of damages) {
  Deno.test(`extract names the chunk and the store: ${name}, on disk and over HTTP`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces(), { form });
    const path = made.chunk(0);
    const bytes = damage(Deno.readFileSync(path));
    if (bytes === null) Deno.removeSync(path);
    else Deno.writeFileSync(path, bytes);
    const chunk = new RegExp(`[Cc]hunk ${made.ids[0]}`);
    const fails = (old: "no target" | "old target", store: string) =>
      extractFailsOver(old, dir, ["-b", "1ms", "-s", store, made.index], 1, chunk, store, ...says);
    await fails("no target", made.store);
    await using server = await serve(made, 0, undefined);
    await fails("old target", server.url);
  });
}

Deno.test("the error for a missing chunk names all searched stores, and the cache", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  Deno.removeSync(made.chunk(1));
  const other = dir.dir("other");
  const cache = dir.path("cache");
  const args = ["-s", made.store, "-s", other, "-c", cache, made.index];
  await extractFails(dir, args, 1, made.ids[1], `searched: ${cache}, ${made.store}, ${other})`);
});

Deno.test({
  name: "a chunk that is really gigabytes of zeros costs no more memory than a good one",
  ignore: !canMeasureMemory,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const good = await runCliMeasured(["extract", "-s", made.store, made.index, dir.path("good")]);
    strictEqual(good.code, 0, good.stderr);
    // 4 GB in a file that is no larger than the chunk's may be; 100 GB in one that is; both from both kinds of store.
    for (const [turn, blocks] of [20_000, 800_000].entries()) {
      Deno.writeFileSync(made.chunk(0), zstdBomb(blocks));
      await using server = await serve(made, 0, undefined);
      for (const store of share([made.store, server.url], 1, turn)) {
        const bad = await runCliMeasured(["extract", "-s", store, made.index, dir.path("bad")]);
        assertFails(bad, 1, made.ids[0], /(?:more|larger) than/);
        const more = bad.peak - good.peak;
        ok(more < 64e6, `${more} bytes more than for a good chunk, ${blocks} blocks from ${store}`);
      }
    }
  },
});

Deno.test("a store that is absent, a file, or of an unknown kind", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const none = dir.path("none");
  await extractFails(dir, ["-s", none, made.index], 1, none, "no such directory");
  await extractFails(dir, ["-s", made.store, "-s", none, made.index], 1, none, "no such directory");
  await extractFails(dir, ["-s", made.index, made.index], 1, made.index, "not a directory");
  await extractFails(dir, ["-s", made.store, "-c", made.index, made.index], 1, made.index, "not a directory");
  await extractFails(dir, ["-s", "gopher://x/y", made.index], 2, "gopher");
  await extractFails(dir, [made.index], 2, "-s");
});

const body = new Uint8Array(1000);
const answers: [name: string, answer: Answer | Answer[], requests: number, ...says: RegExp[]][] = [
  ["403", { status: 403 }, 1, /HTTP status 403/, /refuses access/],
  ["401", { status: 401 }, 1, /HTTP status 401/, /user and password/],
  ["404", { status: 404 }, 2, /Chunk [0-9a-f]{64} not found/],
  ["410", { status: 410 }, 2, /Chunk [0-9a-f]{64} not found/],
  ["206", { status: 206, body }, 1, /HTTP status 206/],
  ["500", { status: 500 }, 3, /HTTP status 500/, /tried 3 times/],
  ["503", { status: 503 }, 3, /HTTP status 503/, /tried 3 times/],
  ["a length that is too long", { body, length: 2000 }, 3, /tried 3 times/],
  ["a length that is too short", { body: stored(body, "zstd"), length: 9 }, 3, /invalid/, /tried 3 times/],
  ["a reset in the middle", { body, cut: { after: 500, by: "reset" } }, 3, /tried 3 times/],
  ["an end in the middle", { body, cut: { after: 500, by: "close" } }, 3, /tried 3 times/],
  [
    "an end in the middle of chunks",
    {
      body,
      length: "chunked",
      cut: { after: 500, by: "close" },
    },
    3,
    /tried 3 times/,
  ],
  // When a connection that was used before ends without an answer, a new one is tried at once.
  ["an end before the answer", { cut: { after: "request", by: "close" } }, 4, /tried 3 times/],
  ["silence", { cut: { after: "request", by: "silence" } }, 3, /no answer for 0\.5 seconds/, /tried 3 times/],
  [
    "silence in the middle",
    {
      body,
      cut: { after: 500, by: "silence" },
    },
    3,
    /no answer for 0\.5 seconds/,
    /tried 3 times/,
  ],
  [
    "a redirect to nowhere",
    { status: 302, headers: { location: `http://127.0.0.1:${freePort()}/` } },
    3,
    /tried 3 times/,
  ],
  ["a redirect without a location", { status: 302 }, 1, /HTTP status 302/],
];
for (const [name, answer, requests, ...says] of answers) {
  Deno.test(`a server that answers with ${name}`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using server = await serve(made, 1, answer);
    // On a busy machine, what does answer may take a while.
    const timeout = name.startsWith("silence") ? "500ms" : "20s";
    const options = ["-e", "3", "-b", "1ms", "--timeout", timeout];
    const args = ["-s", server.url, ...options, made.index];
    await extractFails(dir, args, 1, server.url, made.ids[1], ...says);
    const path = made.chunk(1).slice(made.store.length);
    const asked = server.requests.filter((r) => r.path === path || `${r.path}.cacnk` === path);
    strictEqual(asked.length, 2 * requests, "requests for the chunk, in two runs");
  });
}

Deno.test("a redirect loop ends, and is not retried", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const path = made.chunk(0).slice(made.store.length);
  await using server = await serve(made, 0, { status: 302, headers: { location: path } });
  await extractFails(
    dir,
    ["-s", server.url, "-b", "1ms", made.index],
    1,
    server.url,
    made.ids[0],
    /redirect/,
  );
  ok(server.count(path) < 2 * 50);
});

Deno.test("a body that is too large for a chunk is aborted in the middle", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const endless: Answer = { body: new Uint8Array(20_000_000), length: 1e12 };
  await using server = await serve(made, 0, endless);
  await extractFails(
    dir,
    ["-s", server.url, "-e", "0", made.index],
    1,
    made.ids[0],
    /larger than the limit of \d+ bytes/,
  );
});

Deno.test("a server that does not answer is an error", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const url = `http://127.0.0.1:${freePort()}/`;
  await extractFails(dir, ["-s", url, "-e", "0", made.index], 1, url, /refused/i);
});

Deno.test("a chunk is read by a retry after failures", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const good = Deno.readFileSync(made.chunk(1));
  await using server = await serve(made, 1, [
    { status: 500 },
    { body: good, cut: { after: 10, by: "reset" } },
    { cut: { after: "request", by: "silence" } },
    { body: good },
  ]);
  const options = ["-e", "4", "-b", "1ms", "--timeout", "2s"];
  const result = await runCli(["extract", "-s", server.url, ...options, made.index, dir.path("target")]);
  strictEqual(result.code, 0, result.stderr);
  strictEqual(result.stderr, "");
  sameBytes(Deno.readFileSync(dir.path("target")), made.bytes);
});

Deno.test("an index that arrives cut is requested again, also when its length was not known", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const body = Deno.readFileSync(made.index);
  const cut: Answer = { body: body.subarray(0, 150), length: "chunked" };
  const asked = async (answers: Answer[]) => {
    await using server = await startFaultyServer({ "/x.caibx": answers });
    const result = await runCli(["list-chunks", "-b", "1ms", `${server.url}/x.caibx`]);
    return { ...result, requests: server.count("/x.caibx") };
  };
  const whole = await asked([cut, { body }]);
  deepStrictEqual([whole.code, whole.stderr, whole.requests], [0, "", 2]);
  const never = await asked([cut]);
  assertFails(never, 1, "x.caibx", "ends after 150 bytes", "tried 3 times");
  strictEqual(never.requests, 3);
});

Deno.test("a server that is slow, but never silent for too long, is waited for", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const answer: Answer = { body: Deno.readFileSync(made.chunk(0)), drip: { bytes: 1000, every: 100 } };
  await using server = await serve(made, 0, answer);
  const args = ["-s", server.url, "-e", "0", "--timeout", "1200ms"];
  const result = await runCli(["extract", ...args, made.index, dir.path("target")]);
  strictEqual(result.code, 0, result.stderr);
});

Deno.test("an index on a server: bad answers name it", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using server = await startFaultyServer({
    "/500": { status: 500 },
    "/text": { body: "no index ".repeat(20) },
    "/loop": { status: 302, headers: { location: "/loop" } },
    "/never": { cut: { after: "request", by: "silence" } },
  });
  const options = ["-s", made.store, "-e", "2", "-b", "1ms", "--timeout", "1s"];
  const cases: [string, RegExp][] = [
    ["/none", /HTTP status 404/],
    ["/500", /HTTP status 500.*tried 2 times/],
    ["/text", /not a valid index/],
    ["/loop", /redirect/],
    ["/never", /no answer for 1 seconds/],
  ];
  for (const [path, says] of cases) {
    await extractFails(dir, [...options, server.url + path], 1, server.url + path, says);
  }
});

Deno.test("a target in a missing directory is an error", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const target = join(dir.root, "none", "target");
  for (const more of [[], ["-k"]]) {
    const result = await runCli(["extract", "-s", made.store, ...more, made.index, target]);
    assertFails(result, 1, target, `there is no directory ${join(dir.root, "none")}`);
  }
  ok(!filesIn(dir.root).some((name) => name.startsWith("none")));
});

Deno.test("a target below a file, and one with an impossible name", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const below = join(dir.write("file", OLD), "target");
  assertFails(await runCli(["extract", "-s", made.store, made.index, below]), 1, below, "not a directory");
  const long = join(dir.root, "x".repeat(300));
  assertFails(await runCli(["extract", "-s", made.store, made.index, long]), 1, long, /too long/i);
  strictEqual(Deno.readTextFileSync(dir.path("file")), OLD);
});

Deno.test({
  name: "a target in a read-only directory is an error",
  ignore: Deno.build.os === "windows" || (Deno.uid() === 0 && !canMount),
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const folder = dir.dir("read-only");
    const root = Deno.uid() === 0;
    await using mount = root ? await mountTmpfs(folder, "1m") : undefined;
    const target = dir.write("read-only/target", OLD);
    if (mount === undefined) Deno.chmodSync(folder, 0o555);
    else await mount.makeReadOnly();
    for (const path of [target, join(folder, "new")]) {
      const result = await runCli(["extract", "-s", made.store, made.index, path]);
      assertFails(result, 1, path, root ? "the file system is read-only" : "permission denied");
    }
    deepStrictEqual(filesIn(folder), ["target"]);
    strictEqual(Deno.readTextFileSync(target), OLD);
    if (mount === undefined) Deno.chmodSync(folder, 0o755);
  },
});

Deno.test({
  name: "a full disk is found before any chunk is fetched",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using _small = await mountTmpfs(dir.dir("out"), "48k");
    await using server = await serve(made, 0, undefined);
    await extractFails(dir, ["-s", server.url, made.index], 1, "needs 80000 bytes", /\d+ are free/);
    strictEqual(server.requests.length, 0);
  },
});

Deno.test({
  name: "a disk that becomes full under a file that is written in place",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    await using small = await mountTmpfs(dir.dir("out"), "48k");
    const target = join(small.path, "target");
    const result = await runCli(["extract", "-k", "-s", made.store, made.index, target]);
    assertFails(result, 1, `Cannot write ${target}: no space left on the device`);
  },
});

Deno.test("a target that cannot be replaced is an error: a directory, a device, a pipe", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const extract = (target: string, ...more: string[]) =>
    runCli(["extract", "-s", made.store, ...more, made.index, target]);
  assertFails(await extract(dir.dir("folder")), 2, dir.path("folder"), "it is a directory");
  assertFails(await extract(dir.dir("folder"), "-k"), 2, dir.path("folder"), "it is a directory");
  assertFails(await extract("-"), 2, "desync cat");
  if (Deno.build.os === "windows") return;
  for (const target of ["/dev/stdout", "/dev/null", "/dev/fd/1", "/proc/self/fd/1"]) {
    assertFails(await extract(target), 2, target, "desync cat");
  }
  assertFails(await extract("/dev/null", "-k"), 2, "/dev/null", "neither a file nor a block device");
  const fifo = dir.path("fifo");
  strictEqual(new Deno.Command("mkfifo", { args: [fifo] }).outputSync().code, 0);
  assertFails(await extract(fifo), 2, fifo, "desync cat");
  assertFails(await extract(fifo, "-k"), 2, fifo, "neither a file nor a block device");
  ok(Deno.statSync(fifo).isFifo);
  Deno.symlinkSync("/dev/null", dir.path("link"));
  assertFails(await extract(dir.path("link")), 2, dir.path("link"), "desync cat");
});
