/**
 * Makes the package for npm in dist/npm: the library for browsers and Node, what Node has besides, and the command line.
 *
 *     deno task npm [DIRECTORY] [--without-types]
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SSH2, WASM_ZSTD } from "../src/deno/late_packages.ts";
import { type Dependencies, makeModules, parsePackage } from "./modules.ts";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** What programs import, and the sources that it begins with. */
const ENTRIES = { mod: "mod.ts", browser: "src/browser/mod.ts", node: "npm/node.ts" };
/** What runs by itself. */
const PROGRAMS = { cli: "npm/cli.ts", worker: "npm/worker.ts", "web_worker": "src/browser/worker.ts" };

/** What package.json says. */
function description(dependencies: Dependencies): object {
  const { version, license }: { version: string; license: string } = JSON.parse(
    Deno.readTextFileSync(join(repository, "deno.json")),
  );
  const [zstd, ssh2] = [parsePackage(WASM_ZSTD), parsePackage(SSH2)];
  return {
    name: "@desync/desync",
    version,
    description: "Chunk stores and indexes of casync and desync: for browsers and Node, and as a command",
    keywords: ["casync", "desync", "chunks", "deduplication", "delta", "update"],
    license,
    type: "module",
    // process.getBuiltinModule is that old.
    engines: { node: ">=20.16" },
    exports: {
      ".": { types: "./types/mod.d.ts", default: "./lib/mod.js" },
      "./browser": { types: "./types/src/browser/mod.d.ts", default: "./lib/browser.js" },
      // For bundlers that do not find it by themselves.
      "./web_worker.js": "./lib/web_worker.js",
      "./node": { types: "./types/npm/node.d.ts", default: "./lib/node.js" },
    },
    bin: { desync: "lib/cli.js" },
    sideEffects: ["node", ...Object.keys(PROGRAMS)].map((name) => `./lib/${name}.js`),
    // Compresses where node:zlib has no zstd.
    dependencies: { ...Object.fromEntries([...dependencies].sort()), [zstd.name]: zstd.version },
    // For --ssh-builtin alone.
    peerDependencies: { [ssh2.name]: ssh2.version },
    peerDependenciesMeta: { [ssh2.name]: { optional: true } },
  };
}

/** Makes the package in the directory; what is there is removed first. */
async function makePackage(directory: string, withTypes: boolean): Promise<void> {
  Deno.mkdirSync(directory, { recursive: true });
  for (const { name } of Deno.readDirSync(directory)) {
    Deno.removeSync(join(directory, name), { recursive: true });
  }
  const dependencies = await makeModules({ ...ENTRIES, ...PROGRAMS }, repository, join(directory, "lib"));
  if (withTypes) {
    // The compiler takes a second to load.
    const { declare } = await import("./declarations.ts");
    const modules = Object.values(ENTRIES).map((path) => join(repository, path));
    declare(modules, repository, join(directory, "types"));
  }
  Deno.writeTextFileSync(
    join(directory, "package.json"),
    `${JSON.stringify(description(dependencies), undefined, 2)}\n`,
  );
  for (const path of ["npm/README.md", "LICENSE", "CHANGELOG.md"]) {
    Deno.copyFileSync(join(repository, path), join(directory, path.replace(/^.*\//, "")));
  }
}

if (import.meta.main) {
  const directory = resolve(
    Deno.args.find((word) => !word.startsWith("-")) ?? join(repository, "dist", "npm"),
  );
  await makePackage(directory, !Deno.args.includes("--without-types"));
}
