/** mod.ts is for any JavaScript runtime: nothing that it reaches may need Deno or node. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { VERSION } from "../src/core/version.ts";
import { moduleGraph } from "./support/source/module_graph.ts";
import { peers } from "./support/peers.ts";
import { repository, run, runAny } from "./support/process.ts";
import { tempDir } from "./support/temp.ts";
import { thorough } from "./support/thorough.ts";

const mod = join(repository, "mod.ts");

Deno.test("mod.ts imports only files of this project that are not for Deno, and packages for browsers", async () => {
  const specifiers = (await moduleGraph("mod.ts")).map((module) => module.specifier);
  ok(specifiers.some((specifier) => specifier.endsWith("/src/formats/index/index.ts")), "they are listed");
  const others = specifiers.filter((specifier) => !/^file:.*\/(mod\.ts|src\/.*)$/.test(specifier));
  // Their versions are for deno.lock to say.
  const packages = others.map((name) => name.replace(/^npm:\/?/, "").replace(/(.)@.*$/, "$1")).sort();
  deepStrictEqual(packages, ["fflate", "fzstd"]);
  deepStrictEqual(specifiers.filter((specifier) => /\/src\/(deno|workers|cli)\//.test(specifier)), []);
});

/** What only Deno or node has. */
const notPortable = /(?<![\w.])(?:Deno|process|Buffer|__dirname|__filename)\s*[.[]|(?<![\w.])require\s*\(/;

Deno.test("nothing that pages load uses what only Deno or node has", async () => {
  const entries = ["mod.ts", "src/browser/mod.ts", "src/browser/worker.ts"];
  const modules = (await Promise.all(entries.map(moduleGraph))).flat();
  const files = modules.filter(({ specifier }) => specifier.startsWith("file:"));
  deepStrictEqual(files.filter(({ specifier }) => /\/src\/(deno|workers|cli)\//.test(specifier)), []);
  const code = (text: string) => text.replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
  const uses = files.filter(({ specifier }) =>
    notPortable.test(code(Deno.readTextFileSync(new URL(specifier))))
  );
  deepStrictEqual(uses.map(({ specifier }) => specifier), []);
  ok(notPortable.test(code("const a = `${Deno.cwd()}`; // process")), "the check can fail");
});

// The compiler knows more, but needs seconds of computing for the types of a browser.
if (thorough) {
  Deno.test("mod.ts and all that it reaches needs no types but those of browsers", async () => {
    using dir = tempDir();
    const lib = ["dom", "dom.iterable", "dom.asynciterable", "esnext"];
    const config = dir.write(
      "deno.json",
      JSON.stringify({ compilerOptions: { strict: true, lib, types: [] } }),
    );
    // The check can fail: this needs Deno.
    const other = dir.write("needs_deno.ts", "export const a: string = Deno.cwd();");
    const args = ["check", "--no-lock", "--config", config, mod, other];
    const { code, stderr } = await runAny(Deno.execPath(), args, { env: { NO_COLOR: "1" } });
    strictEqual(code, 1, stderr);
    const problems = stderr.split(/(?=TS\d+ )/).slice(1);
    ok(problems.length > 0, stderr);
    for (const problem of problems) match(problem, /'Deno'[^]*\/needs_deno\.ts:/);
  });
}

Deno.test({
  name: "the portable library reads a blob in Node",
  ignore: !peers.node,
  fn: async () => {
    using dir = tempDir();
    const bundle = dir.path("desync.mjs");
    await run(Deno.execPath(), ["bundle", "--platform", "browser", "-o", bundle, "mod.ts"], {
      cwd: repository,
    });
    const script = dir.write(
      "read.mjs",
      `import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { ChunkedBlob, chunkPath, MemoryStore, openChunk, parseIndex, portableCodec } from "./desync.mjs";
const index = parseIndex(readFileSync("testdata/casync-blob.caibx"));
const store = new MemoryStore("memory");
for (const id of new Set(Array.from({ length: index.count }, (_, i) => index.id(i)))) {
  const bytes = new Uint8Array(readFileSync(\`testdata/casync-zstd.castr/\${chunkPath(id, "compressed")}\`));
  await store.put(openChunk(portableCodec, { form: "compressed", bytes }, { id, digest: index.digest }));
}
const hash = createHash("sha256");
for await (const piece of ChunkedBlob.open(index, store).stream()) hash.update(piece);
console.log(hash.digest("hex"));
`,
    );
    const { stdout } = await run(peers.node, [script], { cwd: repository });
    match(
      Deno.readTextFileSync(join(repository, "testdata/SHA256SUMS")),
      new RegExp(`^${stdout.trim()}  blob$`, "m"),
    );
  },
});

Deno.test("the program's version is deno.json's", () => {
  const config: { version: string } = JSON.parse(Deno.readTextFileSync(join(repository, "deno.json")));
  strictEqual(VERSION, config.version);
});
