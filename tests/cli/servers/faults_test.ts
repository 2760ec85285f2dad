/** What goes wrong around a chunk server: killed writers, stores behind it that fail, full caches. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { filesIn } from "../../support/files.ts";
import { makeBlob, storePath } from "../../support/made.ts";
import { random } from "../../support/random.ts";
import { endsWell, startDesyncServer } from "../../support/servers/desync_server.ts";
import { canMount, mountTmpfs } from "../../support/system/mounts.ts";
import { freePort } from "../../support/servers/ports.ts";
import { tempDir } from "../../support/temp.ts";
import { amount, takingTurns } from "../../support/thorough.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";

const inTurn = takingTurns(2, import.meta.url);

const ignore = Deno.build.os === "windows" || !canServe();

async function statusOf(url: string, init?: RequestInit): Promise<number> {
  const response = await fetch(url, init);
  await response.body?.cancel();
  return response.status;
}

inTurn()({
  name: "a server that is killed while it stores leaves a sound store",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const generator = random();
    const made = makeBlob(dir, Array.from({ length: 200 }, () => generator.bytes(20_000)));
    const store = dir.path("new");
    await using server = await startDesyncServer(dir, ["chunk-server", "-s", store, "-w"]);
    let stored = 0;
    const uploads = made.ids.map(async (id, i) => {
      const body = Deno.readFileSync(made.chunk(i));
      const status = await statusOf(server.url + storePath(id, "zstd"), { method: "PUT", body });
      strictEqual(status, 200);
      if (++stored === 50) server.daemon.signal("SIGKILL");
      return id;
    });
    const results = await Promise.allSettled(uploads);
    const known = results.flatMap((result) => result.status === "fulfilled" ? [result.value] : []);
    ok(known.length >= 50);
    const verified = await runCli(["verify", "-s", store]);
    deepStrictEqual([verified.code, verified.stderr], [0, ""]);
    // What was confirmed is there.
    const files = new Set(filesIn(store));
    deepStrictEqual(known.filter((id) => !files.has(storePath(id, "zstd"))), []);
  },
});

Deno.test({
  name: "a store that fails is no missing chunk, and is used again when it is back",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, [new Uint8Array(1000).fill(1), new Uint8Array(1000).fill(2)]);
    const start = (port: number) =>
      Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request) => {
        try {
          return new Response(await Deno.readFile(made.store + new URL(request.url).pathname));
        } catch {
          return new Response(null, { status: 404 });
        }
      });
    const [first, second] = made.ids.map((id) => storePath(id, "zstd"));
    const port = freePort();
    let upstream = start(port);
    await using server = await startDesyncServer(dir, [
      ...["chunk-server", "-s", `http://127.0.0.1:${port}/`, "-e", "1", "--timeout", "5s", "--memory", "0"],
    ]);
    strictEqual(await statusOf(server.url + first), 200);
    strictEqual(await statusOf(server.url + storePath("ab".repeat(32), "zstd")), 404);
    await upstream.shutdown();
    strictEqual(await statusOf(server.url + first), 502);
    upstream = start(port);
    strictEqual(await statusOf(server.url + second), 200);
    await upstream.shutdown();
    // One that takes connections and says nothing.
    const silent = Deno.listen({ hostname: "127.0.0.1", port });
    strictEqual(await statusOf(server.url + second), 504);
    silent.close();
    ok(server.stderr.includes(`127.0.0.1:${port}`), server.stderr);
    await endsWell(server);
  },
});

inTurn()({
  name: "a failover group is served by its next store, and uploads go on to the server behind",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, [new Uint8Array(1000).fill(1), new Uint8Array(1000).fill(2)]);
    const target = dir.dir("target");
    await using behind = await startDesyncServer(dir, ["chunk-server", "-s", target, "-w"]);
    const group = `http://127.0.0.1:1/none|${made.store}`;
    const words = ["--store-file", dir.write("stores.json", JSON.stringify({ stores: [group] }))];
    await using reading = await startDesyncServer(dir, ["chunk-server", ...words, "-e", "1"]);
    await using writing = await startDesyncServer(dir, ["chunk-server", "-s", behind.url, "-w"]);
    for (const [i, id] of made.ids.entries()) {
      const path = storePath(id, "zstd");
      strictEqual(await statusOf(reading.url + path), 200);
      const body = Deno.readFileSync(made.chunk(i));
      strictEqual(await statusOf(writing.url + path, { method: "PUT", body }), 200);
    }
    deepStrictEqual(filesIn(target), filesIn(made.store));
    for (const server of [reading, writing, behind]) await endsWell(server);
  },
});

Deno.test({
  name: "a cache that is full, or goes away, is no reason not to serve",
  ignore: ignore || !canMount,
  fn: async () => {
    using dir = tempDir();
    const generator = random();
    const made = makeBlob(dir, Array.from({ length: 20 }, () => generator.bytes(30_000)));
    await using disk = await mountTmpfs(dir.dir("disk"), "128k");
    await using server = await startDesyncServer(dir, [
      ...["chunk-server", "-s", made.store, "-c", `${disk.path}/cache`, "--memory", "0"],
    ]);
    for (const [i, id] of made.ids.entries()) {
      const response = await fetch(server.url + storePath(id, "zstd"));
      deepStrictEqual(await response.bytes(), Deno.readFileSync(made.chunk(i)));
    }
    ok(server.stderr.includes("no space left"), server.stderr);
    Deno.removeSync(`${disk.path}/cache`, { recursive: true });
    for (const id of made.ids) strictEqual(await statusOf(server.url + storePath(id, "zstd")), 200);
    await endsWell(server);
  },
});

Deno.test({
  name: "many uploads of one chunk at once, and many requests for it",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, [random().bytes(50_000)]);
    const store = dir.path("new");
    await using server = await startDesyncServer(dir, ["chunk-server", "-s", store, "-w"]);
    const url = server.url + storePath(made.ids[0], "zstd");
    const body = Deno.readFileSync(made.chunk(0));
    const uploads = { length: amount(30, 100) };
    const put = await Promise.all(Array.from(uploads, () => statusOf(url, { method: "PUT", body })));
    deepStrictEqual(new Set(put), new Set([200]));
    const got = await Promise.all(Array.from({ length: amount(200, 1000) }, () => statusOf(url)));
    deepStrictEqual(new Set(got), new Set([200]));
    deepStrictEqual(filesIn(store), [storePath(made.ids[0], "zstd")]);
    await endsWell(server);
  },
});

Deno.test({
  name: "clients that all want the same ten chunks at once are ten requests to the store behind",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, Array.from({ length: 10 }, (_, i) => new Uint8Array(1000 + i).fill(i)));
    const asked: string[] = [];
    let isOpen = false;
    await using upstream = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        asked.push(pathname);
        // Until all have asked.
        while (!isOpen) await new Promise((resolve) => setTimeout(resolve, 20));
        return new Response(await Deno.readFile(made.store + pathname));
      },
    );
    const location = `http://127.0.0.1:${upstream.addr.port}/`;
    await using server = await startDesyncServer(dir, ["chunk-server", "-s", location, "-n", "10"]);
    const count = amount(100, 400);
    const requests = Array.from(
      { length: count },
      (_, i) => statusOf(server.url + storePath(made.ids[i % 10], "zstd")),
    );
    const inFlight = async () => (await fetch(`${server.url}-/metrics`)).text();
    while (!(await inFlight()).includes(`in_flight ${count + 1}`)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    isOpen = true;
    deepStrictEqual(new Set(await Promise.all(requests)), new Set([200]));
    deepStrictEqual(asked.sort(), made.ids.map((id) => `/${storePath(id, "zstd")}`).sort());
    await endsWell(server);
  },
});
