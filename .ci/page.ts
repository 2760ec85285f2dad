/**
 * Makes dist/page: the page for a store, to be put into a directory of any web server.
 *
 *     deno task page [DIRECTORY]
 */
import * as esbuild from "npm:esbuild@0.25.12";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** The programs of the page, and what they are made of. */
const PROGRAMS = { "page.js": "web/page.ts", "worker.js": "src/browser/worker.ts" };

/** Makes the files. Throws what the bundlers say. */
export async function makePage(directory: string): Promise<void> {
  Deno.mkdirSync(directory, { recursive: true });
  for (const name of ["index.html", "style.css"]) {
    Deno.copyFileSync(join(repository, "web", name), join(directory, name));
  }
  const scratch = Deno.makeTempDirSync({ prefix: "desync-page-" });
  try {
    await Promise.all(
      Object.entries(PROGRAMS).map(async ([name, source]) => {
        const whole = join(scratch, name);
        // Deno finds the npm packages, esbuild makes them small and of a form that older browsers read.
        const args = ["bundle", "--quiet", "--frozen", "--platform", "browser", "--output", whole, source];
        const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: repository })
          .output();
        if (!success) throw new Error(new TextDecoder().decode(stderr));
        await esbuild.build({
          entryPoints: [whole],
          outfile: join(directory, name),
          bundle: true,
          format: "esm",
          target: "es2022",
          minify: true,
          legalComments: "eof",
          logLevel: "error",
        });
      }),
    );
  } finally {
    Deno.removeSync(scratch, { recursive: true });
    await esbuild.stop();
  }
}

if (import.meta.main) await makePage(resolve(Deno.args[0] ?? join(repository, "dist", "page")));
