/** Where Deno keeps what it has fetched. */

import { join } from "node:path";
import { run } from "./process.ts";
import type { TempDir } from "./temp.ts";

interface Caches {
  readonly denoDir: string;
  readonly npmCache: string;
}

async function caches(): Promise<Caches> {
  const { stdout } = await run(Deno.execPath(), ["info", "--json"]);
  return JSON.parse(stdout);
}

/** Where npm packages lie already, for programs that are started with another HOME. */
export const { denoDir }: Caches = await caches();

/** The directory that has them: it is called like the registry that they are from, and the fullest one counts. */
export async function npmPackages(): Promise<string> {
  const { npmCache } = await caches();
  const registries = [...Deno.readDirSync(npmCache)].filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => join(npmCache, name));
  const packagesIn = (directory: string) => [...Deno.readDirSync(directory)].length;
  return registries.sort((a, b) => packagesIn(b) - packagesIn(a))[0];
}

/** A cache for what is downloaded, which has the npm packages already: the environment that names it. */
export async function cacheFor(dir: TempDir): Promise<Record<string, string>> {
  const { npmCache } = await caches();
  Deno.symlinkSync(npmCache, join(dir.dir("deno"), "npm"));
  return { DENO_DIR: dir.path("deno"), NO_COLOR: "1" };
}
