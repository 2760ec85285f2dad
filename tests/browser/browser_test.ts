/** The library in a real browser: bundled as a user would, run by a headless Chromium. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "npm:playwright-core@1.65.1";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { IndexDirectory } from "../../src/deno/store/index_directory.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { chunkHandler, indexHandler } from "../../src/servers/fetch_handlers.ts";
import { runCli } from "../support/cli.ts";
import { canMake } from "../support/data/delta_versions.ts";
import { peers } from "../support/peers.ts";
import { repository } from "../support/process.ts";
import { sha256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";
import { damagedStore } from "./damaged_store.ts";
import { bundleForBrowsers, serveFiles, startChromium } from "./chromium.ts";

/** A server of its own origin. */
function listen(handler: (request: Request) => Promise<Response>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
}

function urlOf({ addr }: Deno.HttpServer<Deno.NetAddr>): string {
  return `http://127.0.0.1:${addr.port}/`;
}

/** A server that answers the first chunks of the first request, and nothing else until the client has gone. */
function answeringPart(handler: (request: Request) => Promise<Response>): typeof handler {
  let requests = 0;
  return async (request) => {
    if (request.method === "POST" && requests++ === 0) {
      const ids = (await request.text()).split("\n").slice(0, 10);
      return await handler(new Request(request.url, { method: "POST", body: ids.join("\n") }));
    }
    await new Promise((gone) => request.signal.addEventListener("abort", gone));
    return new Response();
  };
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

interface Chosen {
  readonly sha256: string;
  readonly thrown: string | undefined;
}

interface Saved {
  readonly sha256: string;
  readonly from: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

Deno.test({
  name: "in Chromium, blobs are extracted, read in part, saved and cut, and a damaged chunk is refused",
  ignore: !peers.chromium,
  fn: async (t) => {
    using dir = tempDir();
    await Promise.all([
      bundleForBrowsers("tests/browser/library.ts", dir.path("desync.js")),
      bundleForBrowsers("src/browser/worker.ts", dir.path("worker.js")),
    ]);
    const damaged = damagedStore(dir);
    const bytes = blob();
    dir.write("blob", bytes);
    // An older version: something is missing, and a part is another.
    const older = new Uint8Array([...bytes.subarray(0, 900_000), ...bytes.subarray(1_000_000)]);
    dir.write("older", older.fill(7, 1_500_000, 1_600_000));
    await using server = serveFiles([
      ["/testdata/", testdata("")],
      ["/made/", dir.root],
      ["/", join(repository, "tests/browser")],
    ]);
    const store = new LocalStore(testdata("casync-zstd.castr"));
    await using chunkServer = listen(chunkHandler(store, { codec: nativeCodec, cors: ["*"] }));
    const browser = await startChromium();
    try {
      const context = await browser.newContext();
      const page: Page = await context.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      await page.goto(`${urlOf(server)}page.html`);
      await page.getByText("ready").waitFor();
      const call = (...args: unknown[]): Promise<unknown> =>
        page.evaluate(`call(...${JSON.stringify(args)})`);
      const index = "testdata/casync-blob.caibx";
      const whole = sha256(bytes);

      await t.step("a blob is extracted from an HTTP store", async () => {
        const expected = { size: bytes.length, sha256: whole };
        deepStrictEqual(await call("extract", index, "testdata/casync-zstd.castr"), expected);
      });
      await t.step("a part is read", async () => {
        const part = sha256(bytes.subarray(1_000_000, 1_900_001));
        strictEqual(await call("read", index, "testdata/casync-zstd.castr", 1_000_000, 1_900_001), part);
      });
      await t.step("a file is cut where casync cuts it", async () => {
        strictEqual(await call("cut", "made/blob"), sha256(Deno.readFileSync(testdata("casync-blob.caibx"))));
      });
      await t.step("chunks and indexes of another origin are read where that allows it", async () => {
        const cors = [new URL(urlOf(server)).origin];
        const indexes = new IndexDirectory(testdata(""));
        const authorization = `Basic ${btoa("user:secret")}`;
        await using indexServer = listen(indexHandler(indexes, { cors }));
        await using protectedServer = listen(
          chunkHandler(store, { codec: nativeCodec, cors, authorization }),
        );
        await using closed = listen(chunkHandler(store, { codec: nativeCodec, authorization }));
        const other = `${urlOf(indexServer)}casync-blob.caibx`;
        const url = (server: Deno.HttpServer<Deno.NetAddr>) => urlOf(server).replace("//", "//user:secret@");
        deepStrictEqual(await call("extract", other, url(protectedServer)), {
          size: bytes.length,
          sha256: whole,
        });
        const refused = await call("extract", other, url(closed)) as Refusal;
        strictEqual(refused.code, "store");
      });
      await t.step("a damaged chunk is refused", async () => {
        for (const how of ["extract", "save"]) {
          const answer = await call(how, index, "made/damaged.castr") as Refusal;
          strictEqual(answer.code, "invalid-chunk");
          match(answer.message, new RegExp(damaged));
        }
        // What was right is kept for the next run.
        const names = await call("saved") as string[];
        deepStrictEqual(names.map((name) => name.slice(32)), [".part"]);
      });
      await t.step("a missing chunk is named", async () => {
        const answer = await call("extract", index, "testdata/tree.castr") as Refusal;
        strictEqual(answer.code, "missing-chunk");
        ok(/[0-9a-f]{64}/.test(answer.message), answer.message);
      });
      await t.step(
        "a blob is saved by web workers, and what an aborted run left is gone on with",
        async () => {
          // Before anything has come, and when a part has: the page requests what a worker did not get.
          for (const stopAt of [0, 1]) {
            await using slow = listen(
              answeringPart(chunkHandler(store, { codec: nativeCodec, cors: ["*"] })),
            );
            const stopped = await call("save", index, urlOf(slow), { stopAt }) as Refusal;
            strictEqual(stopped.code, "interrupted");
          }
          const { sha256, from } = await call("save", index, urlOf(chunkServer)) as Saved;
          strictEqual(sha256, whole);
          ok(from.resumed > 0, JSON.stringify(from));
          strictEqual(Object.values(from).reduce((sum, bytes) => sum + bytes), bytes.length);
          // Nothing is fetched of what is there as a whole.
          const again = await call("save", index, "nowhere/") as Saved;
          deepStrictEqual([again.sha256, Object.keys(again.from).filter((kind) => kind === "store")], [
            whole,
            [],
          ]);
          deepStrictEqual((await call("saved") as string[]).map((name) => name.length), [32]);
        },
      );
      await t.step("another tab that saves the same meanwhile is refused, and goes on after it", async () => {
        const slow = Promise.withResolvers<void>();
        const handler = chunkHandler(store, { codec: nativeCodec, cors: ["*"] });
        await using waiting = listen(async (request) => {
          await slow.promise;
          return await handler(request);
        });
        const first = call("save", index, urlOf(waiting));
        const tab = await context.newPage();
        await tab.goto(`${urlOf(server)}page.html`);
        await tab.getByText("ready").waitFor();
        const args = JSON.stringify(["save", index, urlOf(chunkServer)]);
        const second = () => tab.evaluate(`call(...${args})`) as Promise<Refusal & Saved>;
        await page.waitForFunction("navigator.locks.query().then(({ held }) => held.length > 0)");
        const { code, message } = await second();
        strictEqual(code, "io");
        match(
          message,
          /^Cannot write [0-9a-f]{32}: it is being written by another tab or window \(close that one, or wait for it\)$/,
        );
        // The first one has lost nothing by that.
        slow.resolve();
        strictEqual((await first as Saved).sha256, whole);
        strictEqual((await second()).sha256, whole);
        // A tab that is closed in the middle leaves its part for others.
        await call("saved");
        const never = Promise.withResolvers<Response>();
        await using silent = listen(() => never.promise);
        const left = tab.evaluate(`call("save", ${JSON.stringify(index)}, "${urlOf(silent)}")`).catch(
          () => {},
        );
        await tab.waitForFunction("navigator.locks.query().then(({ held }) => held.length > 0)");
        await tab.close();
        await left;
        never.resolve(new Response(null, { status: 500 }));
        strictEqual((await call("save", index, urlOf(chunkServer)) as Saved).sha256, whole);
        await call("saved");
      });
      await t.step(
        "the example for a chosen file replaces it when all is there, and not before",
        async () => {
          const docs = Deno.readTextFileSync(join(repository, "docs/browser.md"));
          const [, code] = /```ts ignore\n(saveButton[^]*?)```/.exec(docs)!;
          const choose = async (store: string, options: object) =>
            await call("choose", code, index, store, { before: "before", ...options }) as Chosen;
          const made = await choose(urlOf(chunkServer), {});
          deepStrictEqual([made.sha256, made.thrown], [whole, undefined]);
          const before = sha256(new TextEncoder().encode("before"));
          const refused = await choose("made/damaged.castr", {});
          deepStrictEqual([refused.sha256, refused.thrown], [before, "invalid-chunk"]);
          await using slow = listen(
            answeringPart(chunkHandler(store, { codec: nativeCodec, cors: ["*"] })),
          );
          const stopped = await choose(urlOf(slow), { stopAt: 1 });
          deepStrictEqual([stopped.sha256, stopped.thrown], [before, "interrupted"]);
          const zeros = "\0".repeat(1_000_000);
          const seeded = await choose(urlOf(chunkServer), { before: zeros, seed: true });
          deepStrictEqual([seeded.sha256, seeded.thrown], [whole, undefined]);
          deepStrictEqual(await call("saved"), []);
        },
      );
      await t.step("an older file gives what it has", async () => {
        const seed = "made/older";
        const { sha256, from } = await call("save", index, urlOf(chunkServer), { seed }) as Saved;
        strictEqual(sha256, whole);
        ok(from.seed > bytes.length / 2 && from.store > 0, JSON.stringify(from));
        await call("saved");
      });
      await t.step({
        name: "a delta makes what an older file lacks, and what it cannot make is fetched",
        ignore: !canMake,
        fn: async () => {
          const [old, next] = [dir.path("older.caibx"), testdata("casync-blob.caibx")];
          strictEqual((await runCli(["make", old, dir.path("older")])).code, 0);
          const versions = [`${old}:${dir.path("older")}`, `${next}:${dir.path("blob")}`];
          const made = await runCli(["delta", "--always", ...versions, dir.path("delta")]);
          deepStrictEqual([made.code, made.stderr], [0, ""]);
          const options = { seed: "made/older", delta: "made/delta" };
          const problem = "Cannot use the delta a file: not a valid delta file: it does not start like one";
          const good = await call("save", index, "nowhere/", options) as Saved;
          deepStrictEqual([good.sha256, good.problems], [whole, [problem]]);
          ok(good.from.patched > 100_000 && good.from.store === undefined, JSON.stringify(good.from));
          await call("saved");
          // One frame is damaged.
          const bytes = Deno.readFileSync(dir.path("delta"));
          dir.write("delta", bytes.with(bytes.length - 50, bytes[bytes.length - 50] ^ 1));
          const other = await call("save", index, urlOf(chunkServer), options) as Saved;
          strictEqual(other.sha256, whole);
          ok(other.from.store > 0 && other.problems.length === 2, JSON.stringify(other));
          await call("saved");
        },
      });
      await t.step("nothing is left where there is not enough space", async () => {
        const session = await context.newCDPSession(page);
        const { origin } = new URL(page.url());
        await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1_000_000 });
        const full = await call("save", index, urlOf(chunkServer)) as Refusal;
        await session.send("Storage.overrideQuotaForOrigin", { origin });
        strictEqual(full.code, "io");
        match(full.message, /^Cannot write the blob: there is not enough space \(free some/);
        deepStrictEqual(await call("saved"), []);
      });
      await t.step("a large blob is streamed to a device by web workers", async () => {
        const times = Math.ceil(33_000_000 / bytes.length);
        const all = sha256(new Uint8Array(await new Blob(Array(times).fill(bytes)).arrayBuffer()));
        const expected = { sha256: all, seen: times * bytes.length, most: 16384, counted: true };
        deepStrictEqual(await call("flash", index, urlOf(chunkServer), times), expected);
      });
      await t.step("a service worker answers for a part of a blob", async () => {
        const part = sha256(bytes.subarray(70_000, 200_001));
        deepStrictEqual(await call("range", 70_000, 200_001), [206, part]);
      });
      deepStrictEqual(problems, []);
    } finally {
      await browser.close();
    }
  },
});
