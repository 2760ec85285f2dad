/** The library in Firefox, which has another engine: what a download takes. browser_test.ts has all of it. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { peers } from "../support/peers.ts";
import { repository } from "../support/process.ts";
import { sha256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";
import { takingTurns } from "../support/thorough.ts";
import { bundleForBrowsers, serveFiles } from "./chromium.ts";
import { damagedStore } from "./damaged_store.ts";
import { Firefox } from "./firefox.ts";

// Starting it takes seconds.
const inTurn = takingTurns(3, import.meta.url);

inTurn()({
  name: "in Firefox, a blob is saved by web workers, and a damaged chunk is refused",
  ignore: !peers.firefox,
  fn: async (t) => {
    using dir = tempDir();
    await Promise.all([
      bundleForBrowsers("tests/browser/library.ts", dir.path("made/desync.js")),
      bundleForBrowsers("src/browser/worker.ts", dir.path("made/worker.js")),
    ]);
    const made = dir.path("made");
    const damaged = damagedStore(dir);
    await using server = serveFiles([
      ["/testdata/", testdata("")],
      ["/made/damaged.castr/", dir.path("damaged.castr")],
      ["/made/", made],
      ["/", join(repository, "tests/browser")],
    ]);
    const page = `http://127.0.0.1:${server.addr.port}/page.html`;
    await using firefox = await Firefox.open(dir, page);
    await firefox.evaluate(
      `new Promise((done) => { const look = () => globalThis.call ? done() : setTimeout(look, 10); look(); })`,
    );
    const save = (store: string): Promise<unknown> =>
      firefox.evaluate(`call("save", "testdata/casync-blob.caibx", ${JSON.stringify(store)})`);

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
    deepStrictEqual(firefox.problems, []);
  },
});
