/** What `extract` makes of bad indexes, chunks and stores: one clear line, the right status, and nothing lost or left behind. */

import { ok, strictEqual } from "node:assert/strict";
import { assertFails } from "../../support/failure.ts";
import { type Form, makeBlob, somePieces, stored, zstdBomb } from "../../support/made.ts";
import { xzOfPrograms } from "../../support/data/xz.ts";
import { canMeasureMemory, runCliMeasured } from "../../support/system/peak_memory.ts";
import { indexBytes, type IndexFields, sha256Flags } from "../../support/data/index_bytes.ts";
import { sha512256 } from "../../support/sha.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { share } from "../../support/thorough.ts";
import { extractFails, extractFailsOver, serve } from "./failing_extract.ts";

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
  ["is cut and xz", "zstd", () => xzOfPrograms().subarray(0, 10), /its xz data is damaged/],
  [
    "is xz with filters",
    "zstd",
    xzOfPrograms,
    /^desync: Cannot read .*: it is compressed with xz and the filter 0x4, which is not supported/,
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
  // As with desync: of a server that is down a group takes the next, a directory that is missing is a mistake.
  for (const group of [`${none}|${made.store}`, `${made.store}|${none}`]) {
    await extractFails(dir, ["-s", group, made.index], 1, none, "no such directory");
  }
  await extractFails(dir, ["-s", made.index, made.index], 1, made.index, "not a directory");
  await extractFails(dir, ["-s", made.store, "-c", made.index, made.index], 1, made.index, "not a directory");
  await extractFails(dir, ["-s", "gopher://x/y", made.index], 2, "gopher");
  await extractFails(dir, [made.index], 2, "-s");
});
