/** What `extract` makes of servers that answer badly, late or not at all. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { type Answer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, somePieces, stored } from "../../support/made.ts";
import { freePort } from "../../support/servers/ports.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { extractFails, serve } from "./failing_extract.ts";

const body = new Uint8Array(1000);
const answers: [name: string, answer: Answer | Answer[], requests: number, ...says: RegExp[]][] = [
  ["403", { status: 403 }, 1, /HTTP status 403/, /refuses access/],
  ["401", { status: 401 }, 1, /HTTP status 401/, /user and password/],
  ["404", { status: 404 }, 2, /Chunk [0-9a-f]{64} not found/],
  ["410", { status: 410 }, 2, /Chunk [0-9a-f]{64} not found/],
  ["206", { status: 206, body }, 1, /HTTP status 206/],
  ["500", { status: 500 }, 3, /HTTP status 500/, /tried 3 times/],
  ["502", { status: 502 }, 3, /HTTP status 502/, /tried 3 times/],
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
  ["an end before the answer", { cut: { after: "request", by: "close" } }, 3, /tried 3 times/],
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
    // Where a connection that was used before ends without an answer, a new one is tried at once: with each try, if one is free.
    const most = name === "an end before the answer" ? 4 * requests : 2 * requests;
    ok(asked.length >= 2 * requests && asked.length <= most, `${asked.length} requests in two runs`);
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
