/**
 * Makes dist/desync.js: the whole program in one file, its workers too, which runs from any web server, and starts faster
 * than from its sources.
 *
 *     deno task bundle [OUTPUT]
 */
import * as esbuild from "npm:esbuild@0.25.12";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));

/**
 * What the file begins with. In a thread, the module with the thread's name does its work, and nothing else runs. What is
 * imported by a call runs when it is asked for.
 */
function entry(): string {
  const source = (path: string) => JSON.stringify(pathToFileURL(join(repository, path)).href);
  const commands = [...Deno.readDirSync(join(repository, "src/cli/commands"))].map(({ name }) => name).sort();
  return `import { WORKER_URL } from ${source("src/workers/worker.ts")};
import ${source("src/cli/servers/server_worker.ts")};

if (!("WorkerGlobalScope" in globalThis)) {
  const [{ main }, { includeCommands }, { workersAreIn }] = await Promise.all([
    import(${source("src/cli/main.ts")}),
    import(${source("src/cli/commands.ts")}),
    import(${source("src/workers/start_worker.ts")}),
  ]);
  workersAreIn(WORKER_URL);
  includeCommands({
${commands.map((name) => `    "${name}": () => import(${source(`src/cli/commands/${name}`)}),`).join("\n")}
  });
  Deno.exit(await main(Deno.args));
}
`;
}

/** node's modules, loaded when the first of what they have is used: that takes 40 ms, which a start can do without. */
const lateNode: esbuild.Plugin = {
  name: "late node",
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "node" }));
    build.onLoad({ filter: /^/, namespace: "node" }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== "default");
      const getters = names.map((name) => `get ${name}() { return load().${name}; }`);
      return {
        contents: `let loaded;
const load = () => loaded ??= process.getBuiltinModule(${JSON.stringify(path)});
module.exports = { __esModule: true, get default() { return load(); }, ${getters.join(", ")} };`,
      };
    });
  },
};

/** Makes the file. Throws what either bundler says. */
export async function bundle(output: string): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "desync-bundle-" });
  try {
    const [start, whole] = [join(directory, "entry.ts"), join(directory, "whole.js")];
    Deno.writeTextFileSync(start, entry());
    // Deno finds the npm packages, esbuild makes node's modules late ones.
    const args = ["bundle", "--quiet", "--frozen", "--platform", "deno", "--output", whole, start];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: repository }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    await esbuild.build({
      entryPoints: [whole],
      outfile: output,
      bundle: true,
      format: "esm",
      platform: "neutral",
      target: "esnext",
      // Half the bytes: it comes over the network, and is loaded by each start.
      minify: true,
      legalComments: "eof",
      logLevel: "error",
      plugins: [lateNode],
    });
  } finally {
    Deno.removeSync(directory, { recursive: true });
    await esbuild.stop();
  }
}

if (import.meta.main) {
  const output = resolve(Deno.args[0] ?? join(repository, "dist", "desync.js"));
  Deno.mkdirSync(dirname(output), { recursive: true });
  await bundle(output);
}
