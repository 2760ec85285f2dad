import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { UpdatePlan } from "../../src/jobs/plan/update_plan.ts";
import { planHtml } from "../../src/pictures/plan_html.ts";
import { planJson } from "../../src/pictures/plan_json.ts";
import { planSvg } from "../../src/pictures/plan_svg.ts";
import { planText } from "../../src/pictures/plan_text.ts";

const none = { chunks: 0, bytes: 0, movedBytes: 0, requests: 0, notFound: 0, storedBytes: 0, assumed: false };

/** A plan of 1000 bytes with something of everything. */
function somePlan(names: { seed?: string; store?: string; path?: string } = {}): UpdatePlan {
  const { seed = "v1.caibx", store = "https://example.com/store/", path = "usr/bin/tool" } = names;
  return {
    size: 1_000_000,
    chunks: 40,
    uniqueChunks: 35,
    sources: [
      { ...none, origin: { kind: "zeros" }, chunks: 1, bytes: 100_000 },
      { ...none, origin: { kind: "seed", location: seed }, chunks: 20, bytes: 600_000, movedBytes: 200_000 },
      {
        ...none,
        origin: { kind: "store", location: store },
        chunks: 14,
        bytes: 250_000,
        requests: 15,
        notFound: 1,
        storedBytes: 120_000,
      },
      { ...none, origin: { kind: "self" }, bytes: 50_000 },
    ],
    fetch: { chunks: 14, requests: 15, bytes: 250_000, storedBytes: 120_000 },
    writtenBytes: 900_000,
    outputBytes: 900_000,
    cacheBytes: 120_000,
    whole: { storedBytes: 480_000, estimated: true },
    runs: [
      { offset: 0, length: 400_000, source: 1 },
      { offset: 400_000, length: 250_000, source: 2 },
      { offset: 650_000, length: 100_000, source: 0 },
      { offset: 750_000, length: 200_000, source: 1 },
      { offset: 950_000, length: 50_000, source: 3 },
    ],
    runPrecision: 0,
    oldVersions: [{
      location: seed,
      size: 800_000,
      runs: [
        { offset: 0, length: 400_000, use: "same place" },
        { offset: 400_000, length: 200_000, use: "moved" },
        { offset: 600_000, length: 200_000, use: "unused" },
      ],
      runPrecision: 0,
    }],
    copies: [
      { offset: 0, length: 400_000, from: 0, version: 0 },
      { offset: 750_000, length: 200_000, from: 400_000, version: 0 },
    ],
    paths: {
      heaviest: [{ path, newBytes: 200_000, keptBytes: 50_000 }],
      fetchedChunks: 3,
      fetchedBytes: 4000,
    },
  };
}

Deno.test("the text has the ribbon in letters, each source, and what it costs", () => {
  const text = planText(somePlan(), { title: "v2.caibx", columns: 60, rate: 20_000 });
  strictEqual(
    text,
    `v2.caibx
To build 1.00 MB, 120 KB are fetched in 15 requests; 75 % of
it needs no store

new  |sssssssssssssssssssssFFFFFFFFFFFFF00000ssssssssssrrr|
old  |sssssssssssssssssssssmmmmmmmmmm-----------|

0   100 KB     10 %  zeros, made here: 1 chunk
s   600 KB     60 %  copied from seed v1.caibx: 20 chunks,
                     200 KB of it moved
F   250 KB     25 %  fetched from
                     https://example.com/store/: 120 KB in
                     15 requests, 1 not found
r  50.0 KB      5 %  repeats, copied within the blob
old: s used, at the same place; m used, moved to another
     place; - no longer needed

Blob        1.00 MB in 40 chunks, 35 different
Fetch       120 KB (for 250 KB of the blob) in 15 requests
That is     25 % of about 480 KB, which all chunks of the
            blob take
Write       900 KB to the output
Disk        up to 900 KB more for the output, 120 KB for the
            cache
Time        6s at 20.0 KB/s

Paths with the most new bytes, found by fetching 3 chunks
(4.00 KB) with the archive's tables:
     new     kept  path
  200 KB  50.0 KB  usr/bin/tool
`,
  );
});

/** Whether every element is closed, in the right order: enough of XML for what is written here. */
function assertWellFormed(markup: string, empty: readonly string[] = []): void {
  const open: string[] = [];
  const tag = /<(\/?)([a-zA-Z0-9!]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g;
  const rest = markup.replaceAll(tag, (_, end: string, name: string, _attributes: string, closed: string) => {
    if (end === "/") strictEqual(open.pop(), name);
    else if (closed !== "/" && !empty.includes(name)) open.push(name);
    return "";
  });
  deepStrictEqual(open, []);
  ok(!/[<>](?!=)/.test(rest.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, "")), "nothing else looks like markup");
  ok(!/&(?!(?:amp|lt|gt|quot|#39);)/.test(rest));
}

const HOSTILE = `"><script>alert('1')</script>&amp;\u202e\x1b[31m\ud800]]>`;

Deno.test("pictures are well-formed, whatever things are called", () => {
  for (const name of ["v1.caibx", HOSTILE, "x".repeat(3000), "卷/ファイル"]) {
    const plan = somePlan({ seed: name, store: name, path: name });
    const [svg, html] = [planSvg(plan, { title: name }), planHtml(plan, { title: name })];
    assertWellFormed(svg);
    assertWellFormed(html.replace("<!DOCTYPE html>", ""), ["meta"]);
    for (const text of [svg, html]) {
      ok(!text.includes("<script"));
      // deno-lint-ignore no-control-regex
      ok(!/[\x00-\x09\x0b-\x1f\u202e]/.test(text));
      ok(text.isWellFormed());
      ok(text.length < 40_000, String(text.length));
    }
  }
});

Deno.test("pictures explain themselves: titles, legend, numbers, light and dark, no script, nothing from elsewhere", () => {
  for (const picture of [planSvg, planHtml]) {
    const text = picture(somePlan(), { title: "v2.caibx", rate: 20_000 });
    for (
      const words of [
        "v2.caibx",
        "To build 1.00 MB, 120 KB are fetched in 15 requests; 75 % of it needs no store",
        "fetched from https://example.com/store/",
        "copied from seed v1.caibx",
        "200 KB moved from byte 400,000 of the old version to byte 750,000",
        "used, moved to another place",
        "no longer needed",
        "25 % of about 480 KB",
        "6s at 20.0 KB/s",
        "usr/bin/tool",
        "3 chunks (4.00 KB)",
        "prefers-color-scheme:dark",
      ]
    ) ok(text.includes(words), words);
    ok(!/script|https?:(?!\/\/(?:example\.com\/store|www\.w3\.org\/2000\/svg))|@import|url\(/.test(text));
  }
});

Deno.test("the JSON has what docs/plan.md lists", () => {
  const json = JSON.parse(JSON.stringify(planJson(somePlan(), { title: "v2.caibx", rate: 20_000 })));
  const document = Deno.readTextFileSync(new URL("../../docs/plan.md", import.meta.url));
  const keys = (value: unknown): string[] =>
    Array.isArray(value)
      ? value.flatMap(keys)
      : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, inner]) => [key, ...keys(inner)])
      : [];
  for (const key of new Set(keys(json))) ok(document.includes(`\`${key}\``), `${key} is not described`);
  strictEqual(json.seconds, 6);
  deepStrictEqual(json.runs[1], [400_000, 250_000, 2]);
  const unknown = planJson({ ...somePlan(), whole: undefined, cacheBytes: undefined }, { title: "x" });
  deepStrictEqual([unknown["whole-compressed-size"], unknown["cache-size"], unknown.seconds], [
    null,
    null,
    null,
  ]);
});

Deno.test("colours are those of the terminal, and end with the line", () => {
  const lines = planText(somePlan(), { title: "v2.caibx", columns: 60, colour: true }).split("\n");
  const coloured = lines.filter((line) => line.includes("\x1b["));
  ok(coloured.length >= 6);
  for (const line of coloured) strictEqual(line.split("\x1b[").at(-1)?.slice(0, 2), "0m");
  const ribbon = lines.find((line) => line.startsWith("new"))!;
  const cells = ribbon.split("\x1b[").slice(1).map((part) => part.slice(part.indexOf("m") + 1).length);
  strictEqual(cells.reduce((sum, length) => sum + length), 52);
});

Deno.test("what is missing is said first", () => {
  const plan = somePlan();
  const missing = { ...none, origin: { kind: "missing" } as const, chunks: 2, bytes: 9000 };
  const text = planText({ ...plan, sources: [...plan.sources, missing] }, { title: "v2.caibx" });
  ok(text.includes("cannot be built: 2 chunks (9.00 KB) not found"));
  const unnamed = planText({ ...plan, sources: [missing], runs: [] }, { title: "v2.caibx" });
  ok(unnamed.includes("9.00 KB have to come from a store"));
  ok(unnamed.includes("9.00 KB before compression, in 2 chunks"));
});
