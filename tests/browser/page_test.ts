/** The page for a store, in a headless Chromium, as visitors use it. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import type { Browser, Page } from "npm:playwright-core@1.65.1";
import { makePage } from "../../.ci/page.ts";
import { parseIndex } from "../../mod.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { chunkHandler } from "../../src/servers/fetch_handlers.ts";
import type { ChunkStore } from "../../src/stores/store.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import { peers } from "../support/peers.ts";
import { sha256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";
import { accessibilityProblems } from "./accessibility.ts";
import { serveFiles, startChromium } from "./chromium.ts";
import { damagedStore, incompleteStore } from "./damaged_store.ts";

/** A store on an origin of its own, which is asked for single chunks. After some it waits until `go` or `fail` is called. */
function pausingStore(cors: readonly string[] | undefined) {
  let left = Infinity;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const store = wrapStore<ChunkStore>(
    new LocalStore(testdata("casync-zstd.castr")),
    async (send, { name }) => {
      if (name === "get" && --left < 0) await gate.promise;
      return await send();
    },
  );
  // What is kept in memory would come without being asked for.
  const handler = chunkHandler(store, { codec: nativeCodec, cors, memoryBytes: 0 });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) =>
      request.method === "POST" ? Promise.resolve(new Response(null, { status: 405 })) : handler(request),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    pauseAfter: (chunks: number) => {
      left = chunks;
      gate.resolve();
      gate = Promise.withResolvers<void>();
      gate.promise.catch(() => {});
    },
    go: () => {
      left = Infinity;
      gate.resolve();
    },
    fail: () => {
      left = Infinity;
      gate.reject(new DesyncError("store", { reason: "gone" }));
    },
    [Symbol.asyncDispose]: async () => {
      gate.resolve();
      await server.shutdown();
    },
  };
}

/** Where pictures of the page are put, if they are wanted. */
const pictures = Deno.env.get("DESYNC_SCREENSHOTS");

async function picture(page: Page, name: string): Promise<void> {
  if (pictures !== undefined) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** The SHA-256 of what the browser saves when `act` is done. */
async function savedBy(page: Page, act: () => Promise<void>): Promise<[name: string, sha256: string]> {
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: 60_000 }), act()]);
  return [download.suggestedFilename(), sha256(Deno.readFileSync(await download.path()))];
}

Deno.test({
  name: "the page for a store shows, plans, downloads, resumes and compares, and says what goes wrong",
  ignore: !peers.chromium,
  fn: async (t) => {
    using dir = tempDir();
    await makePage(dir.path("page"));
    damagedStore(dir);
    incompleteStore(dir, parseIndex(Deno.readFileSync(testdata("casync-blob.caibx"))).id(3));
    const bytes = blob();
    const whole = sha256(bytes);
    const older = new Uint8Array([
      ...bytes.subarray(0, 200_000),
      ...bytes.subarray(280_000, 1_950_000),
      ...bytes.subarray(2_200_000),
    ]);
    const olderPath = dir.write("older.img", older);
    await using server = serveFiles([
      ["/testdata/", testdata("")],
      ["/made/", dir.root],
      ["/", dir.path("page")],
    ]);
    await using store = pausingStore(["*"]);
    await using closed = pausingStore(undefined);
    const home = `http://127.0.0.1:${server.addr.port}/`;
    const browser: Browser = await startChromium();
    try {
      const context = await browser.newContext({
        colorScheme: "light",
        viewport: { width: 1000, height: 900 },
      });
      context.setDefaultTimeout(60_000);
      const page = await context.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      const open = (index: string, store: string) =>
        page.goto(`${home}?${new URLSearchParams({ index, store })}`);
      const button = (name: string | RegExp) => page.getByRole("button", { name });
      const download = button(/^Download (?:up to )?[\d.]+ .?B$/);
      const problem = async (pattern: RegExp) => {
        await page.locator("#problem > p", { hasText: pattern }).waitFor();
      };
      const status = (pattern: RegExp) => page.locator("#status", { hasText: pattern }).waitFor();
      /** What gave a part of the file. */
      const origins = async () => {
        const parts = await page.locator("#bar span").all();
        return (await Promise.all(parts.map((part) => part.getAttribute("title")))).join();
      };
      const plan = /^To build 2\.44 MB, .* are fetched in (\d+) requests/;
      /** What the plan says. */
      const requests = async () => {
        const headline = await page.locator("#headline", { hasText: plan }).textContent();
        return Number(plan.exec(headline!)![1]);
      };
      /** Begins a download that has written something and waits for the last chunk. */
      const beginSlowly = async () => {
        await open("testdata/casync-blob.caibx", store.url);
        store.pauseAfter(await requests() - 1);
        await download.click();
        await page.locator("#bar[aria-valuenow]:not([aria-valuenow='0'])").waitFor();
      };
      const direct = button("Save to a file directly");
      /** In place of a user who chooses a file: gives one of the private file system, which has the same interface. */
      const choose = `showSaveFilePicker = async ({ suggestedName }) => {
          const root = await navigator.storage.getDirectory();
          return await root.getFileHandle("chosen " + suggestedName, { create: true });
        }`;
      const chosen = async () =>
        await page.evaluate(`(async () => {
            const root = await navigator.storage.getDirectory();
            const file = await (await root.getFileHandle("chosen casync-blob")).getFile();
            const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
            return new Uint8Array(digest).toHex();
          })()`);
      /** The colours of what the bar shows, and of the same sources below the ribbon. */
      const colours = async () =>
        await page.evaluate(`[...document.querySelectorAll("#bar span")].map((part) => {
          const name = part.title.replace(/: [^:]*$/, "");
          const key = [...document.querySelectorAll("#ribbon .keys > span")].find((one) => one.textContent.endsWith(name));
          return [part, key?.firstElementChild ?? part].map((one) => getComputedStyle(one).backgroundColor);
        })`) as [string, string][];
      const forget = async () => {
        await button(/Remove the browser/).click();
        await status(/was removed/);
      };

      await t.step("before the click it says what is fetched, less with an older version", async () => {
        await open("testdata/casync-blob.caibx", store.url);
        await page.getByText("25, 19 different").waitFor();
        const before = await requests();
        await page.setInputFiles("#seed", olderPath);
        await button("Remove older.img").waitFor();
        await page.locator("#ribbon polygon").first().waitFor({ state: "attached" });
        ok(await requests() < before / 2, `${await requests()} of ${before}`);
        await picture(page, "page");
      });
      await t.step(
        "a download is verified and saved, and what the older file has is not fetched",
        async () => {
          deepStrictEqual(await savedBy(page, () => download.click()), ["casync-blob", whole]);
          await status(/complete and verified: \d+ KB were fetched/);
          match(await origins(), /seed older\.img/);
          const light = await colours();
          for (const [bar, ribbon] of light) strictEqual(bar, ribbon);
          await page.emulateMedia({ colorScheme: "dark" });
          const dark = await colours();
          for (const [bar, ribbon] of dark) strictEqual(bar, ribbon);
          ok(light.every(([bar], i) => bar !== dark[i][0]), `${light} ${dark}`);
          await picture(page, "page-dark");
          deepStrictEqual(await accessibilityProblems(page), []);
          await page.emulateMedia({ colorScheme: "light" });
          await forget();
        },
      );
      await t.step(
        "it is saved to a chosen file directly, which a cancelled or damaged one leaves",
        async () => {
          // A visitor who closes the dialog has changed nothing.
          await open("testdata/casync-blob.caibx", store.url);
          await page.evaluate(
            `showSaveFilePicker = async () => { throw new DOMException("no", "AbortError"); }`,
          );
          await direct.click();
          ok(await direct.isVisible());
          strictEqual(await page.locator("#problem > *").count(), 0);

          store.pauseAfter(await requests() - 1);
          await page.evaluate(choose);
          await direct.click();
          await page.locator("#bar[aria-valuenow]:not([aria-valuenow='0'])").waitFor();
          await button("Cancel").click();
          await status(/^Cancelled\. The chosen file is as it was \(empty, if it is new\)/);
          strictEqual(await chosen(), sha256(new Uint8Array(0)));
          store.go();

          await page.setInputFiles("#seed", olderPath);
          await button("Remove older.img").waitFor();
          await direct.click();
          await status(/^chosen casync-blob is saved, complete and verified: \d+ KB were fetched/);
          strictEqual(await chosen(), whole);
          match(await origins(), /seed older\.img/);
          deepStrictEqual(await accessibilityProblems(page), []);

          await open("testdata/casync-blob.caibx", "made/damaged.castr");
          await page.evaluate(choose);
          await direct.click();
          await problem(
            /^The store sent damaged data, several times\. None of it was saved\. The chosen file is/,
          );
          strictEqual(await chosen(), whole);
        },
      );
      await t.step("an older file that is gone by then is not used, and that is said", async () => {
        const path = dir.write("changed.img", older);
        await open("testdata/casync-blob.caibx", store.url);
        await page.setInputFiles("#seed", path);
        await button("Remove changed.img").waitFor();
        Deno.removeSync(path);
        deepStrictEqual(await savedBy(page, () => download.click()), ["casync-blob", whole]);
        await status(/changed\.img could not be read, or has changed: it was not used/);
        await forget();
      });
      await t.step("an older file that cannot be read is refused", async () => {
        const path = dir.write("gone.img", older);
        await open("testdata/casync-blob.caibx", store.url);
        // The worker that reads it starts when it is gone.
        await page.route("**/worker.js", async (route) => {
          Deno.removeSync(path);
          await route.continue();
        }, { times: 1 });
        await page.setInputFiles("#seed", path);
        await problem(/^Cannot read the older file: /);
        strictEqual(await page.locator("#seeds li").count(), 0);
      });
      await t.step("a cancelled download goes on after a reload", async () => {
        await beginSlowly();
        await button("Cancel").click();
        await status(/Cancelled.*goes on from there/);
        store.go();
        await page.reload();
        await status(/A part was downloaded before/);
        deepStrictEqual(await savedBy(page, () => download.click()), ["casync-blob", whole]);
        match(await origins(), /resumed/);
        await forget();
      });
      await t.step("offline in the middle is said, and the rest is fetched later", async () => {
        await beginSlowly();
        await context.setOffline(true);
        try {
          await page.waitForFunction("!navigator.onLine");
          store.fail();
          await problem(/^This device is offline\. What was right is kept/);
        } finally {
          await context.setOffline(false);
        }
        deepStrictEqual(await savedBy(page, () => download.click()), ["casync-blob", whole]);
        await forget();
      });
      await t.step("damaged chunks are not saved", async () => {
        await open("testdata/casync-blob.caibx", "made/damaged.castr");
        await download.click();
        await problem(/^The store sent damaged data, several times\. None of it was saved/);
        ok(await download.isVisible());
        await forget();
      });
      await t.step("a store that lacks a chunk, or all of them", async () => {
        await open("testdata/casync-blob.caibx", "made/incomplete.castr");
        await page.locator("#headline", { hasText: /cannot be built: 1 chunk .* not found/ }).waitFor();
        await download.click();
        await problem(/^The store lacks a part of this file: .*\? What was right is kept/);
        strictEqual(await page.locator("#save").isVisible(), false);
        await forget();
        await open("testdata/casync-blob.caibx", "testdata/tree.castr");
        await page.locator("#headline", { hasText: /cannot be built: 18 chunks .* not found/ }).waitFor();
        await download.click();
        await problem(/^The store lacks a part of this file: does it belong to the index\?$/);
        strictEqual(await button(/Remove the browser/).isVisible(), false);
      });
      await t.step("there is not enough space", async () => {
        await open("testdata/casync-blob.caibx", store.url);
        const session = await context.newCDPSession(page);
        await page.evaluate(choose);
        const before = await chosen();
        await session.send("Storage.overrideQuotaForOrigin", {
          origin: new URL(home).origin,
          quotaSize: 1_000_000,
        });
        await download.click();
        await problem(/^Cannot write .*: there is not enough space \(free some on the disk/);
        strictEqual(await button(/Remove the browser/).isVisible(), false);
        await page.evaluate(choose);
        await direct.click();
        await problem(/^Cannot write chosen casync-blob: there is not enough space \(free some/);
        strictEqual(await chosen(), before);
        await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(home).origin });
      });
      await t.step(
        "a store that does not allow the page, one that is not there, and what is not an index",
        async () => {
          await open("testdata/casync-blob.caibx", closed.url);
          await problem(
            /answers, but does not allow this page to read it\. Whoever runs it has to allow pages of/,
          );
          deepStrictEqual(await accessibilityProblems(page), []);
          await open("http://127.0.0.1:1/x.caibx", "");
          await problem(/cannot be reached/);
          await open("testdata/README.md", "");
          await problem(/^This is not an index/);
          await open("testdata/nothing.caibx", "");
          await problem(/^The server did not give what was asked for/);
          for (
            const [index, store] of [["http://[", ""], ["ftp://127.0.0.1/x", ""], ["x.caibx", "file:///"]]
          ) {
            await open(index, store);
            await problem(/^Invalid address: .* \(one begins with http:/);
          }
          await page.goto(home);
          await page.setInputFiles("#index-file", testdata("README.md"));
          await problem(/^This is not an index/);
          // The file is gone before the page reads it.
          const path = dir.write("gone.caibx", Deno.readFileSync(testdata("casync-blob.caibx")));
          await page.goto(home);
          await page.evaluate(
            `document.addEventListener("change", (event) => event.stopPropagation(), { capture: true, once: true })`,
          );
          await page.setInputFiles("#index-file", path);
          Deno.removeSync(path);
          await page.locator("#index-file").dispatchEvent("change");
          await problem(/^Cannot read the index gone\.caibx: it is not there any more/);
        },
      );
      await t.step(
        "an archive is looked through, by keyboard too, and a file is saved by its chunks alone",
        async () => {
          await open("testdata/tree.caidx", "testdata/tree.castr");
          await page.getByText("An archive comes as one file (.catar), which").waitFor();
          const folder = page.locator("#tree summary", { hasText: "bin/" });
          await folder.focus();
          await page.keyboard.press("Enter");
          await button("Download run").waitFor();
          await page.setViewportSize({ width: 390, height: 800 });
          const width = await page.evaluate("document.documentElement.scrollWidth");
          strictEqual(width, 390);
          await picture(page, "page-phone");
          await page.setViewportSize({ width: 1000, height: 900 });
          const requests: string[] = [];
          page.on("request", (request) => requests.push(request.url()));
          const [name, digest] = await savedBy(page, () => button("Download hello.txt").click());
          deepStrictEqual([name, digest], ["hello.txt", sha256(new TextEncoder().encode("hello\n"))]);
          ok(requests.length <= 2, requests.join());
          await page.getByLabel("Search for a name").fill("RUN");
          await page.locator("#found", { hasText: "1 found" }).waitFor();
          await button("Download bin/run").waitFor();
          deepStrictEqual(await accessibilityProblems(page), []);
        },
      );
      await t.step("two versions are compared", async () => {
        await page.getByLabel("Address of the other version’s index").fill("testdata/casync-small.caibx");
        await button("Compare").click();
        await page.locator("#difference", {
          hasText: /95\.9 KB of this version \(3 chunks\) are not in the other/,
        }).waitFor();
        await page.locator("#difference tbody th", { hasText: "data" }).waitFor();
        await page.getByLabel("Address of the other version’s index").fill("testdata/tree.caidx");
        await button("Compare").click();
        await page.locator("#difference", { hasText: "Nothing in this version is new" }).waitFor();
      });
      deepStrictEqual(problems, []);
    } finally {
      await browser.close();
    }
  },
});
