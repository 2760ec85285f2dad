/** The program as it is run from a web server, without a copy of it on the machine. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import * as latePackages from "../../src/deno/late_packages.ts";
import { assertFails } from "../support/failure.ts";
import { moduleGraph } from "../support/source/module_graph.ts";
import { cacheFor } from "../support/deno_dir.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { peers } from "../support/peers.ts";
import { repository, runAny, type RunResult } from "../support/process.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sha256 } from "../support/sha.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { blob, testdata } from "../support/testdata.ts";
import { share, takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

for (const file of ["cli.ts", "mod.ts", "src/deno/mod.ts", "src/workers/worker.ts"]) {
  Deno.test(`all that ${file} reaches can be loaded from a URL, without deno.json`, async () => {
    const modules = await moduleGraph(file);
    ok(modules.length > 10);
    const good = /^(\.\.?\/.*\.ts|node:\S+|npm:(@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+(\/.*)?)$/;
    for (const { specifier, dependencies = [] } of modules) {
      if (!specifier.startsWith("file:")) continue;
      for (const dependency of dependencies) {
        match(dependency.specifier, good, `imported by ${specifier}`);
        // Also for its types alone it would be fetched.
        ok(!Object.values(latePackages).includes(dependency.specifier), `imported by ${specifier}`);
      }
    }
  });
}

Deno.test("packages that are loaded late have their exact versions, too, and those that they need", () => {
  const { SSH2, SSH2_NEEDS, ...others } = latePackages;
  const exact = /^npm:(?=((@[^/@]+\/)?[^/@]+@\d+\.\d+\.\d+)$)/;
  for (const name of [SSH2, ...SSH2_NEEDS, ...Object.values(others)]) match(name, exact);
  type Needs = { dependencies?: string[]; optionalDependencies?: string[] };
  const { npm }: { npm: Record<string, Needs> } = JSON.parse(
    Deno.readTextFileSync(join(repository, "deno.lock")),
  );
  const needsOf = (name: string): string[] => {
    const { dependencies = [], optionalDependencies = [] } = npm[name.replace(exact, "")];
    const direct = [...dependencies, ...optionalDependencies].map((need) =>
      Object.keys(npm).find((key) => key.replace(/@[^@]*$/, "") === need)!
    );
    return [...direct, ...direct.flatMap(needsOf)];
  };
  // Whose parts are only used where it is built.
  const forBuilding = ["buildcheck", "nan"];
  const needed = new Set(needsOf(SSH2).filter((key) => !forBuilding.includes(key.replace(/@[^@]*$/, ""))));
  deepStrictEqual([...needed].sort(), SSH2_NEEDS.map((name) => name.replace(exact, "")).sort());
  for (const name of Object.values(others)) deepStrictEqual(needsOf(name), [], name);
});

/** What is needed of this project to run the program: served from a directory that has nothing else of it. */
function publish(dir: TempDir): string {
  const root = dir.dir("web");
  for (const name of ["cli.ts", "src", "testdata"]) {
    Deno.symlinkSync(join(repository, name), join(root, name));
  }
  return root;
}

// nginx has the second type for .ts: that of a video.
for (const type of share(["application/octet-stream", "video/mp2t"], 1, 1)) {
  inTurn()({
    name: `the program runs from nginx, which calls its files ${type}, with its workers`,
    ignore: !peers.nginx,
    fn: async () => {
      using dir = tempDir();
      const env = await cacheFor(dir);
      const cwd = dir.dir("work");
      await using server = await startNginx(publish(dir), { types: { ts: type } });
      const { url } = server;
      const desync = (...args: string[]): Promise<RunResult> =>
        runAny(Deno.execPath(), ["run", "-A", `${url}cli.ts`, ...args], { env, cwd });

      const index = `${url}testdata/casync-blob.caibx`;
      const extracted = await desync("extract", "-s", `${url}testdata/casync-zstd.castr`, index, "blob");
      strictEqual(extracted.code, 0, extracted.stderr);
      sameBytes(Deno.readFileSync(join(cwd, "blob")), blob());

      const made = await desync("make", "-s", "store", "made.caibx", "blob");
      strictEqual(made.code, 0, made.stderr);
      sameBytes(
        Deno.readFileSync(join(cwd, "made.caibx")),
        Deno.readFileSync(testdata("casync-blob.caibx")),
      );
      const verified = await desync("verify", "-s", "store");
      deepStrictEqual([verified.code, verified.stdout], [0, ""], verified.stderr);
      ok((await server.requests()).includes("GET /src/workers/worker.ts 200"));
      assertFails(await desync("extract", "-s", "store", "nothing.caibx", "b"), 1, "nothing.caibx");
    },
  });
}

inTurn()({
  name: "from a URL, the permissions that the command itself needs are enough",
  ignore: !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    const env = await cacheFor(dir);
    const cwd = dir.dir("work");
    await using server = await startNginx(publish(dir));
    const { url } = server;
    const permissions = [
      "--no-prompt",
      "--allow-read=.",
      "--allow-write=.",
      `--allow-net=${new URL(url).host}`,
    ];
    const args = [
      "extract",
      "-s",
      `${url}testdata/casync-zstd.castr`,
      `${url}testdata/casync-blob.caibx`,
      "blob",
    ];
    const words = ["run", ...permissions, `${url}cli.ts`, ...args];
    const { code, stderr } = await runAny(Deno.execPath(), words, { env, cwd });
    strictEqual(code, 0, stderr);
    strictEqual(sha256(Deno.readFileSync(join(cwd, "blob"))), sha256(blob()));
  },
});
