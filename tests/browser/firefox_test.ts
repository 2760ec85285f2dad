/**
 * The library and the page in Firefox, which has another engine: what a download takes. browser_test.ts and page_test.ts have
 * all of it.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { makePage } from "../../.ci/page.ts";
import { peers } from "../support/peers.ts";
import { repository, usualTimeout } from "../support/process.ts";
import { sha256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";
import { takingTurns } from "../support/thorough.ts";
import { bundleForBrowsers, serveFiles } from "./chromium.ts";
import { damagedStore } from "./damaged_store.ts";
import { Firefox } from "./firefox.ts";

interface Saved {
  readonly sha256: string;
  readonly from: Readonly<Record<string, number>>;
}

// Starting it takes seconds.
const inTurn = takingTurns(3, import.meta.url);

inTurn()({
  name: "in Firefox, a blob is saved by web workers and by the page, and a damaged chunk is refused",
  ignore: !peers.firefox,
  fn: async (t) => {
    using dir = tempDir();
    await Promise.all([
      bundleForBrowsers("tests/browser/library.ts", dir.path("made/desync.js")),
      bundleForBrowsers("src/browser/worker.ts", dir.path("made/worker.js")),
      makePage(dir.path("made/page")),
    ]);
    const made = dir.path("made");
    const damaged = damagedStore(dir);
    await using server = serveFiles([
      ["/testdata/", testdata("")],
      ["/made/damaged.castr/", dir.path("damaged.castr")],
      ["/made/", made],
      ["/", join(repository, "tests/browser")],
    ]);
    const older = blob().subarray(0, 2_000_000);
    dir.write("made/older", older);
    const home = `http://127.0.0.1:${server.addr.port}/`;
    await using firefox = await Firefox.open(dir, `${home}page.html`);
    const waitFor = (condition: string) =>
      firefox.evaluate(
        `new Promise((done) => { const look = () => ${condition} ? done() : setTimeout(look, 10); look(); })`,
      );
    await waitFor("globalThis.call");
    const save = (store: string, options = {}): Promise<unknown> =>
      firefox.evaluate(
        `call("save", "testdata/casync-blob.caibx", ${JSON.stringify(store)}, ${JSON.stringify(options)})`,
      );

    await t.step("a damaged chunk is refused, and what was right is kept", async () => {
      const { code, message } = await save("made/damaged.castr") as { code: string; message: string };
      strictEqual(code, "invalid-chunk");
      match(message, new RegExp(`${damaged}.* is damaged`));
      const names = await firefox.evaluate(`call("saved")`) as string[];
      deepStrictEqual(names.map((name) => name.slice(32)), [".part"]);
    });
    await t.step("a blob is saved into the private file system", async () => {
      const saved = await save("testdata/casync-zstd.castr") as { sha256: string };
      strictEqual(saved.sha256, sha256(blob()));
    });
    await t.step("an older file gives what it has", async () => {
      await firefox.evaluate(`call("saved")`);
      const saved = await save("testdata/casync-zstd.castr", { seed: "made/older" }) as Saved;
      strictEqual(saved.sha256, sha256(blob()));
      // But for zeros and the chunk where it ends.
      ok(saved.from.seed > 600_000 && saved.from.store > 0, JSON.stringify(saved.from));
      await firefox.evaluate(`call("saved")`);
    });
    await t.step("the page shows what a download takes, and saves it", async () => {
      const address = new URLSearchParams({
        index: "/testdata/casync-blob.caibx",
        store: "/testdata/casync-zstd.castr",
      });
      await firefox.goTo(`${home}made/page/?${address}`);
      await waitFor(`/ are fetched in /.test(document.getElementById("headline").textContent)`);
      await firefox.evaluate(`document.getElementById("download").click()`);
      await waitFor(`/ is complete and verified/.test(document.getElementById("status").textContent)`);
      strictEqual(await firefox.evaluate(`document.getElementById("problem").textContent`), "");
      const path = join(dir.path("downloads"), "casync-blob");
      // Whatever is written has another name, or an empty file holds the place.
      const end = performance.now() + usualTimeout;
      while (!isWritten(path, blob().length)) {
        ok(performance.now() < end, "Firefox does not save the file");
        await new Promise((tick) => setTimeout(tick, 10));
      }
      strictEqual(sha256(Deno.readFileSync(path)), sha256(blob()));
    });
    deepStrictEqual(firefox.problems, []);
  },
});

function isWritten(path: string, size: number): boolean {
  try {
    return Deno.statSync(path).size === size;
  } catch {
    return false;
  }
}
