/** What is kept in memory, and what is not. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { contentOf } from "../../../src/servers/content.ts";
import { HotChunks } from "../../../src/servers/chunks/hot_chunks.ts";
import { RecentNames } from "../../../src/servers/chunks/recent_names.ts";

const KIB = 1024;

function content(bytes: number) {
  return contentOf(new Uint8Array(bytes), '"tag"', {});
}

Deno.test("those not used for longest go first, and the bound holds", () => {
  const limit = 100 * KIB;
  const hot = new HotChunks(limit);
  for (let i = 0; i < 9; i++) hot.set(`/${i}`, content(10 * KIB));
  ok(hot.get("/0") !== undefined); // used: /1 is the oldest now
  hot.set("/9", content(10 * KIB));
  const kept = Array.from({ length: 10 }, (_, i) => hot.get(`/${i}`) !== undefined);
  deepStrictEqual(kept, [true, false, true, true, true, true, true, true, true, true]);
  for (let i = 0; i < 1000; i++) {
    hot.set(`/more/${i}`, content(i * 31 % (20 * KIB)));
    ok(hot.bytes <= limit, String(hot.bytes));
  }
});

Deno.test("empty ones take memory as well", () => {
  const hot = new HotChunks(100 * KIB);
  for (let i = 0; i < 1000; i++) hot.set(`/${i}`, content(0));
  strictEqual(hot.get("/0"), undefined);
  ok(hot.get("/999") !== undefined);
});

Deno.test("one that is replaced is counted once, and a large one is not kept", () => {
  const hot = new HotChunks(100 * KIB);
  hot.set("/a", content(KIB));
  const { bytes } = hot;
  for (let i = 0; i < 100; i++) hot.set("/a", content(KIB));
  strictEqual(hot.bytes, bytes);
  hot.set("/large", content(50 * KIB));
  strictEqual(hot.get("/large"), undefined);
  ok(hot.get("/a") !== undefined);
});

Deno.test("what costs something is kept while there is room, and then now and then", () => {
  const hot = new HotChunks(100 * KIB);
  strictEqual(hot.wants(50 * KIB), false);
  while (hot.bytes <= 85 * KIB) {
    ok(hot.wants(10 * KIB));
    hot.set(`/${hot.bytes}`, content(10 * KIB));
  }
  const wanted = Array.from({ length: 160 }, () => hot.wants(20 * KIB));
  strictEqual(wanted.filter((one) => one).length, 10);
  ok(hot.wants(KIB), "there is room for a small one");
  strictEqual(new HotChunks(0).wants(0), false);
});

Deno.test("without memory nothing is kept", () => {
  const hot = new HotChunks(0);
  hot.set("/a", content(0));
  strictEqual(hot.get("/a"), undefined);
});

Deno.test("names that came up lately are known, those of long ago are not", () => {
  const names = new RecentNames(10);
  strictEqual(names.note("a"), false);
  strictEqual(names.note("a"), true);
  for (let i = 0; i < 4; i++) strictEqual(names.note(`b${i}`), false);
  strictEqual(names.note("a"), true);
  for (let i = 0; i < 10; i++) names.note(`c${i}`);
  strictEqual(names.note("b0"), false);
});
