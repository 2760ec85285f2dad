/** The package for npm, as a project has it that depends on it. */

import { dirname, join } from "node:path";
import { exists } from "../support/exists.ts";
import { npmPackages } from "../support/deno_dir.ts";
import { repository, run } from "../support/process.ts";
import type { TempDir } from "../support/temp.ts";

/** What package.json says, as far as tests look at it. */
interface Description {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Makes the package in the directory; words as `deno task npm` takes them. */
export async function makePackage(directory: string, ...words: string[]): Promise<void> {
  await run(Deno.execPath(), ["run", "-A", join(repository, "npm/build.ts"), directory, ...words]);
}

/** The directory of a project that has that package, just made, and what it depends on out of Deno's cache. */
export async function projectWithPackage(dir: TempDir): Promise<string> {
  const project = dir.dir("project");
  dir.write("project/package.json", JSON.stringify({ type: "module", private: true }));
  const own = join(project, "node_modules/@desync/desync");
  await makePackage(own, "--without-types");
  const { dependencies }: Description = JSON.parse(Deno.readTextFileSync(join(own, "package.json")));
  const packages = await npmPackages();
  for (const [name, version] of Object.entries(dependencies)) {
    const cached = join(packages, name, version);
    if (!exists(cached)) await run(Deno.execPath(), ["cache", `npm:${name}@${version}`]);
    const linked = join(project, "node_modules", name);
    Deno.mkdirSync(dirname(linked), { recursive: true });
    Deno.symlinkSync(cached, linked, { type: "junction" });
  }
  return project;
}

/** The examples of the package's README that are in JavaScript, in order. */
export function readmeExamples(): string[] {
  const text = Deno.readTextFileSync(join(repository, "npm/README.md"));
  return [...text.matchAll(/^```ts ignore\n([^]*?)^```$/gm)].map(([, code]) => code);
}
