/** The package for npm in a project that has it: its README's examples and its command line in Node, its size. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { joined } from "../support/data/joined.ts";
import { peers } from "../support/peers.ts";
import { projectWithPackage, readmeExamples } from "./project.ts";
import { run, runAny, type RunOptions } from "../support/process.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sha256 } from "../support/sha.ts";
import { thorough } from "../support/thorough.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";

/** What a browser loads for these at most, gzipped: with all decoders, and without what was not asked for. */
const LIMITS = {
  reading: {
    code: 'export { ChunkedBlob, HttpStore, parseIndex, extract } from "@desync/desync";',
    most: 60_000,
  },
  parsing: { code: 'export { parseIndex } from "@desync/desync";', most: 5_000 },
  worker: { code: 'import "@desync/desync/web_worker.js";', most: 60_000 },
};

let dir: TempDir;
let project: string;
let server: Deno.HttpServer<Deno.NetAddr>;

Deno.test.beforeAll(async () => {
  dir = tempDir();
  project = await projectWithPackage(dir);
  // The names that the README has, for what is in testdata.
  server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const path = new URL(url).pathname.replace("/v1.caibx", "/casync-blob.caibx").replace(
      "/store/",
      "/casync-zstd.castr/",
    );
    try {
      return new Response(await Deno.readFile(testdata(path.slice(1))));
    } catch {
      return new Response(null, { status: 404 });
    }
  });
});

Deno.test.afterAll(async () => {
  await server.shutdown();
  dir[Symbol.dispose]();
});

const options: RunOptions = { env: { NO_COLOR: "1", HTTP_PROXY: "", HTTPS_PROXY: "" } };

/** Runs a module of the project. It must succeed and warn of nothing. What it printed. */
async function runScript(code: string): Promise<string> {
  const here = code.replaceAll("https://example.com", `http://127.0.0.1:${server.addr.port}`);
  const script = dir.write(`project/script.js`, here);
  const result = await runAny(peers.node!, [script], { ...options, cwd: project });
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  return result.stdout;
}

Deno.test({
  name: "the README's first example reads a part of a blob in Node; all of it comes without a warning",
  ignore: !peers.node,
  fn: async () => {
    const printed = await runScript(`import { createHash } from "node:crypto";
${readmeExamples()[0]}
const hash = createHash("sha256");
for await (const piece of blob.stream({ signal: AbortSignal.timeout(60_000) })) hash.update(piece);
console.log(Buffer.from(head).toString("hex"), hash.digest("hex"));
`);
    deepStrictEqual(printed.trim().split(" "), [blob().subarray(0, 4096).toHex(), sha256(blob())]);
  },
});

Deno.test({
  name: "the README's example for Node makes and extracts a blob in Node, by threads",
  ignore: !peers.node,
  fn: async () => {
    // More than is done without threads; most of it repeats, which need not be compressed.
    const noise = new Random(18).bytes(1_000_000);
    const image = joined(Array.from({ length: 9 }, () => noise));
    dir.write("project/image.raw", image);
    await runScript(`${readmeExamples()[2]}
const { DesyncError } = await import("@desync/desync");
const failure = await readIndex("none.caibx").catch((error) => error);
if (!(failure instanceof DesyncError)) throw new Error("both modules have the same classes");
`);
    sameBytes(Deno.readFileSync(join(project, "copy.raw")), image);
  },
});

Deno.test({
  name: "the package's command line extracts in Node, and reports what Node cannot do",
  ignore: !peers.node,
  fn: async () => {
    const desync = (...args: string[]) =>
      runAny(peers.node!, [join(project, "node_modules/@desync/desync/lib/cli.js"), ...args], options);
    const [store, index, target] = ["casync-zstd.castr", "casync-blob.caibx"].map(testdata).concat(
      dir.path("blob"),
    );
    const extracted = await desync("extract", "-s", store, index, target);
    deepStrictEqual([extracted.code, extracted.stderr], [0, ""]);
    sameBytes(Deno.readFileSync(target), blob());
    if (!thorough) return;
    const missing = await desync("extract", "-s", store, "none.caibx", target);
    strictEqual(missing.code, 1);
    match(missing.stderr, /^desync: Cannot read the index none\.caibx: no such file or directory\n$/);
    const served = await desync("chunk-server", "-s", store, "-l", "127.0.0.1:0");
    strictEqual(served.code, 1);
    match(
      served.stderr,
      /^desync: Cannot serve over HTTP: this is node [\d.]+ \(use Deno 2\.9 or later\)\n$/,
    );
  },
});

Deno.test("what a browser loads of the package is as small as is promised", async () => {
  const entries = Object.entries(LIMITS);
  for (const [name, { code }] of entries) dir.write(`project/${name}.js`, code);
  const files = entries.map(([name]) => `${name}.js`);
  const args = ["bundle", "--quiet", "--minify", "--platform", "browser", "--outdir", "bundled", ...files];
  await run(Deno.execPath(), args, { cwd: project });
  for (const [name, { most }] of entries) {
    const text = Deno.readTextFileSync(join(project, "bundled", `${name}.js`));
    const size = gzipSync(text).length;
    ok(size > most / 4 && size <= most, `${name}: ${size} bytes, of ${most}`);
    // Which is asked for where it may be.
    ok(!/\bDeno\b|node:(?!crypto)/.test(text), `${name}: it is for browsers`);
  }
});
