/** The portable part in a real browser: bundled as a user would, run by a headless Chromium. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { chromium, type Page } from "npm:playwright-core@1.65.1";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { IndexDirectory } from "../../src/deno/store/index_directory.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { chunkHandler, indexHandler } from "../../src/servers/fetch_handlers.ts";
import { peers } from "../support/peers.ts";
import { repository, run } from "../support/process.ts";
import { sha256 } from "../support/sha.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";

/** Nothing of the browser's own shall go out into the network, and it has to run as root. */
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const here = join(repository, "tests/browser");
const types: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" };

/** Serves the page, the bundled library, the test data, and a store with a damaged chunk. */
function serve(dir: TempDir): Deno.HttpServer<Deno.NetAddr> {
  const directories: [string, string][] = [
    ["/testdata/", testdata("")],
    ["/made/", dir.root],
    ["/", here],
  ];
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    const [prefix, directory] = directories.find(([start]) => pathname.startsWith(start))!;
    const path = pathname === "/desync.js"
      ? dir.path("desync.js")
      : join(directory, pathname.slice(prefix.length));
    try {
      const type = types[path.split(".").at(-1)!] ?? "application/octet-stream";
      return new Response(await Deno.readFile(path), { headers: { "content-type": type } });
    } catch {
      return new Response(null, { status: 404 });
    }
  });
}

/** A server of its own origin. */
function listen(handler: (request: Request) => Promise<Response>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);
}

/** The store with its first chunk damaged. Returns that chunk's id. */
function damagedStore(dir: TempDir): string {
  const store = testdata("casync-zstd.castr");
  let damaged = "";
  for (const directory of Deno.readDirSync(store)) {
    for (const { name } of Deno.readDirSync(join(store, directory.name))) {
      const bytes = Deno.readFileSync(join(store, directory.name, name));
      if (damaged === "") {
        damaged = name.slice(0, 64);
        bytes[bytes.length >> 1] ^= 1;
      }
      dir.write(join("damaged.castr", directory.name, name), bytes);
    }
  }
  return damaged;
}

Deno.test({
  name: "in Chromium, blobs are extracted, read in part and cut, and a damaged chunk is refused",
  ignore: !peers.chromium,
  fn: async (t) => {
    using dir = tempDir();
    const bundle = ["bundle", "--platform", "browser", "-o", dir.path("desync.js"), "mod.ts"];
    await run(Deno.execPath(), bundle, { cwd: repository });
    const damaged = damagedStore(dir);
    dir.write("blob", blob());
    await using server = serve(dir);
    const browser = await chromium.launch({ executablePath: peers.chromium, args: flags });
    try {
      const page: Page = await browser.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(error.message));
      await page.goto(`http://127.0.0.1:${server.addr.port}/page.html`);
      await page.getByText("ready").waitFor();
      const call = (...args: unknown[]): Promise<unknown> =>
        page.evaluate(`call(...${JSON.stringify(args)})`);
      const index = "testdata/casync-blob.caibx";
      const bytes = blob();

      await t.step("a blob is extracted from an HTTP store", async () => {
        const expected = { size: bytes.length, sha256: sha256(bytes) };
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
        const cors = [`http://127.0.0.1:${server.addr.port}`];
        const indexes = new IndexDirectory(testdata(""));
        const store = new LocalStore(testdata("casync-zstd.castr"));
        const authorization = `Basic ${btoa("user:secret")}`;
        await using indexServer = listen(indexHandler(indexes, { cors }));
        await using chunkServer = listen(chunkHandler(store, { codec: nativeCodec, cors, authorization }));
        await using closed = listen(chunkHandler(store, { codec: nativeCodec, authorization }));
        const other = `http://127.0.0.1:${indexServer.addr.port}/casync-blob.caibx`;
        const url = ({ addr }: Deno.HttpServer<Deno.NetAddr>) => `http://user:secret@127.0.0.1:${addr.port}/`;
        deepStrictEqual(await call("extract", other, url(chunkServer)), {
          size: bytes.length,
          sha256: sha256(bytes),
        });
        const refused = await call("extract", other, url(closed)) as { code: string };
        strictEqual(refused.code, "store");
      });
      await t.step("a damaged chunk is refused", async () => {
        const answer = await call("extract", index, "made/damaged.castr") as {
          code: string;
          message: string;
        };
        strictEqual(answer.code, "invalid-chunk");
        match(answer.message, new RegExp(damaged));
      });
      await t.step("a missing chunk is named", async () => {
        const answer = await call("extract", index, "testdata/tree.castr") as {
          code: string;
          message: string;
        };
        strictEqual(answer.code, "missing-chunk");
        ok(/[0-9a-f]{64}/.test(answer.message), answer.message);
      });
      deepStrictEqual(problems, []);
    } finally {
      await browser.close();
    }
  },
});
