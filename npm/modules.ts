/** The package's JavaScript, out of the sources that Deno runs. */
import * as esbuild from "npm:esbuild@0.25.12";
import { isAbsolute, join } from "node:path";

/** The packages that are needed, and their versions. */
export type Dependencies = ReadonlyMap<string, string>;

/** What the sources have of JavaScript that is too new, and what npm/platform/newer.ts calls it. */
const NEWER = {
  "Symbol.dispose": "dispose",
  "Symbol.asyncDispose": "asyncDispose",
  "Promise.withResolvers": "withResolvers",
  "Promise.try": "promiseTry",
  "Array.fromAsync": "fromAsync",
  "Map.groupBy": "groupBy",
  "Uint8Array.fromBase64": "fromBase64",
};

/** What these have of Deno and the web comes from npm/platform/, and is what node has. */
const WITH_PLATFORM = /[\\/]src[\\/](?:deno|cli|workers)[\\/].*\.ts$/;
const PLATFORM = {
  "onNode as Deno": "deno.ts",
  "WebWorker as Worker": "web_worker.ts",
  "fetchBy as fetch": "http_client.ts",
  "navigator": "navigator.ts",
};

/** Sources in whose place npm/platform/ has others. */
const REPLACED = { "src/deno/system/runtime.ts": "runtime.ts" };

/**
 * Makes the modules, by their names, of the sources below `root`. Code that several need is in files of its own. Returns the
 * packages that they import.
 */
export async function makeModules(
  modules: Readonly<Record<string, string>>,
  root: string,
  directory: string,
): Promise<Dependencies> {
  const dependencies = new Map<string, string>();
  const sources = Object.entries(modules).map(([name, path]) => [name, join(root, path)]);
  try {
    await esbuild.build({
      entryPoints: Object.fromEntries(sources),
      outdir: directory,
      chunkNames: "shared-[hash]",
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "neutral",
      target: ["es2022", "node20.16"],
      external: ["node:*"],
      define: NEWER,
      inject: [platformFile(root, "newer.ts")],
      logLevel: "error",
      plugins: [forNode(root, sources.map(([, path]) => path), dependencies)],
    });
  } finally {
    await esbuild.stop();
  }
  const program = join(directory, "cli.js");
  Deno.writeTextFileSync(program, `#!/usr/bin/env node\n${Deno.readTextFileSync(program)}`);
  return dependencies;
}

/** What an import of Deno's names: `npm:fzstd@0.1.1`, with or without a file of the package. */
export function parsePackage(specifier: string): { name: string; version: string; file: string } {
  const [, name, version, file] = /^npm:(@?[^@]+)@([^/]+)(.*)$/.exec(specifier)!;
  return { name, version, file };
}

function platformFile(root: string, file: string): string {
  return join(root, "npm/platform", file);
}

function forNode(
  root: string,
  modules: readonly string[],
  dependencies: Map<string, string>,
): esbuild.Plugin {
  const platform = Object.entries(PLATFORM).map(([names, file]) =>
    `import { ${names} } from ${JSON.stringify(platformFile(root, file))};`
  ).join(" ");
  const replaced = new Map(
    Object.entries(REPLACED).map(([path, file]) => [join(root, path), platformFile(root, file)]),
  );
  /** These do something when they are loaded; of all others, what is not used is left out. */
  const haveEffects = [...modules, join(root, "src/workers/worker.ts")];
  return {
    name: "for node",
    setup(build) {
      build.onResolve({ filter: /^npm:/ }, ({ path }) => {
        const { name, version, file } = parsePackage(path);
        dependencies.set(name, version);
        return { path: name + file, external: true, sideEffects: false };
      });
      build.onResolve({ filter: /^(?:[./]|[A-Z]:)/i }, ({ path, resolveDir, kind }) => {
        if (kind === "entry-point") return undefined;
        const file = isAbsolute(path) ? path : join(resolveDir, path);
        return { path: replaced.get(file) ?? file, sideEffects: haveEffects.includes(file) };
      });
      build.onResolve({ filter: /^desync:commands$/ }, ({ path }) => ({ path, namespace: "made" }));
      build.onLoad(
        { filter: /^/, namespace: "made" },
        () => ({ contents: commands(root), resolveDir: root }),
      );
      // Node has no versions in the names of packages.
      build.onLoad({ filter: /[\\/]late_packages\.ts$/ }, ({ path }) => ({
        loader: "ts",
        contents: Deno.readTextFileSync(path).replaceAll(
          /"(npm:[^"]+)"/g,
          (_, name) => JSON.stringify(parsePackage(name).name),
        ),
      }));
      // The package has another file of that name.
      build.onLoad({ filter: /[\\/]browser[\\/]web_workers\.ts$/ }, ({ path }) => ({
        loader: "ts",
        contents: Deno.readTextFileSync(path).replace(`"./worker.ts"`, `"./web_worker.js"`),
      }));
      // What a file does not use of it is dropped.
      build.onLoad({ filter: WITH_PLATFORM }, ({ path }) => ({
        loader: "ts",
        contents: `${platform} ${Deno.readTextFileSync(path)}`,
      }));
    },
  };
}

/** A module with the commands' definitions by the names of their files, each loaded when it is needed. */
function commands(root: string): string {
  const names = [...Deno.readDirSync(join(root, "src/cli/commands"))].map(({ name }) => name).sort();
  const lines = names.map((name) => `${JSON.stringify(name)}: () => import("./src/cli/commands/${name}"),`);
  return `export default {\n${lines.join("\n")}\n};\n`;
}
