/**
 * The package as npm packs and installs it in an empty project: its README's examples in the oldest and in a newer Node, its
 * types by TypeScript's compiler, its modules by Vite. All of that comes from npm's registry, and takes a minute.
 */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { peers } from "../support/peers.ts";
import { makePackage, readmeExamples } from "./project.ts";
import { run, runAny } from "../support/process.ts";
import { Random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { tempDir } from "../support/temp.ts";
import { thorough } from "../support/thorough.ts";

const TOOLS = ["typescript@5.9.3", "@types/node@20.19.43", "vite@8.3.1", "node@22.23.3"];

/** The compilers' options that projects have most: for Node, and for a bundler. */
const PROJECTS = {
  node: { files: ["browser.ts", "node.ts"], module: "nodenext", lib: ["es2023"], types: ["node"] },
  browser: {
    files: ["browser.ts", "workers.ts"],
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2022", "esnext.disposable", "dom"],
    types: [],
  },
};

/** What Vite makes of the examples for pages, and of the workers' program, gzipped: each. */
const MOST_BYTES = 60_000;

if (thorough) {
  Deno.test({
    name: "the package is installed by npm, compiled by tsc, bundled by Vite and run by Node 20 and 22",
    ignore: !peers.npm || !peers.node,
    fn: async (t) => {
      using dir = tempDir();
      await makePackage(dir.path("made"));
      const env = {
        NO_COLOR: "1",
        "npm_config_cache": dir.path("npm-cache"),
        "npm_config_update_notifier": "false",
      };
      const npm = (cwd: string, ...args: string[]) => run(peers.npm, args, { cwd, env, timeout: 300_000 });
      const { stdout } = await npm(dir.path("made"), "pack", "--pack-destination", dir.root);
      const project = dir.dir("project");
      dir.write("project/package.json", JSON.stringify({ type: "module", private: true }));
      await npm(project, "install", "--no-audit", "--no-fund", dir.path(stdout.trim()), ...TOOLS);
      const tool = (...path: string[]) => join(project, "node_modules", ...path);
      const [browser, workers, node] = readmeExamples();

      await t.step("TypeScript takes its types, and finds mistakes", async () => {
        dir.write("project/browser.ts", `${browser}export const wrong: string = head;\n`);
        dir.write("project/workers.ts", workers);
        dir.write("project/node.ts", node);
        for (const [name, { files, ...options }] of Object.entries(PROJECTS)) {
          const compilerOptions = { strict: true, noEmit: true, target: "es2022", ...options };
          dir.write(`project/${name}.json`, JSON.stringify({ compilerOptions, files }));
          const args = [tool("typescript/bin/tsc"), "-p", `${name}.json`];
          const tsc = await runAny(peers.node!, args, { cwd: project, env });
          match(tsc.stdout, /^browser\.ts\(\d+,14\): error TS2322: Type 'Uint8Array<[^\n]*\n$/);
        }
      });

      await t.step("Vite bundles what is for browsers", async () => {
        dir.write("project/index.html", '<script type="module" src="/main.ts"></script>');
        dir.write("project/main.ts", 'import "./browser.ts"; import "./workers.ts";');
        const vite = await runAny(peers.node!, [tool("vite/bin/vite.js"), "build"], { cwd: project, env });
        strictEqual(vite.code, 0, vite.stderr);
        ok(!/externalized/.test(vite.stdout + vite.stderr), vite.stderr);
        const files = [...Deno.readDirSync(join(project, "dist/assets"))].map(({ name }) => name).sort();
        strictEqual(files.join().replaceAll(/-[\w-]{8}\./g, "."), "index.js,web_worker.js");
        for (const name of files) {
          const size = gzipSync(Deno.readFileSync(join(project, "dist/assets", name))).length;
          ok(size > 10_000 && size < MOST_BYTES, `${name}: ${size} bytes`);
        }
      });

      const image = new Random(18).bytes(300_000);
      dir.write("project/image.raw", image);
      dir.write("project/node.js", node);
      for (const program of [peers.node!, tool("node/bin/node")]) {
        const { stdout: version } = await run(program, ["--version"]);
        await t.step(`Node ${version.trim()} runs it, and its command line`, async () => {
          for (const name of ["store", "copy.raw"]) {
            await Deno.remove(join(project, name), { recursive: true }).catch(() => {});
          }
          const { code, stderr } = await runAny(program, ["node.js"], { cwd: project, env });
          deepStrictEqual([code, stderr], [0, ""]);
          sameBytes(Deno.readFileSync(join(project, "copy.raw")), image);
          const cat = await run(program, [tool(".bin/desync"), "cat", "-s", "store", "image.raw.caibx"], {
            cwd: project,
            env,
          });
          sameBytes(cat.stdoutBytes, image);
        });
      }
    },
  });
}
