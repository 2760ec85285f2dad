/** What a module of this project imports, and what those import in turn, as `deno info` sees it. */

import { join } from "node:path";
import { repository, run } from "../process.ts";

/** One import of a module. */
interface Dependency {
  /** As it is written. */
  readonly specifier: string;
  /** What is run; missing where only types are imported. */
  readonly code?: { readonly specifier: string };
}

/** One module. */
export interface Module {
  /** Its URL. */
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

const root = new URL("../../../", import.meta.url).href;

/** All modules that the file reaches, types included, itself first. The file's path is relative to the repository. */
export async function moduleGraph(file: string): Promise<Module[]> {
  const { stdout } = await run(Deno.execPath(), ["info", "--no-lock", "--json", join(repository, file)]);
  const { modules }: { modules: Module[] } = JSON.parse(stdout);
  const first = modules.filter((module) => module.specifier === root + file);
  return [...first, ...modules.filter((module) => !first.includes(module))];
}

/** The files of this project that are run when the graph's first module is, by their paths in the repository. */
export function filesThatRun(graph: readonly Module[]): string[] {
  const modules = new Map(graph.map((module) => [module.specifier, module]));
  const found = new Set([graph[0].specifier]);
  for (const specifier of found) {
    for (const { code } of modules.get(specifier)?.dependencies ?? []) {
      if (code?.specifier.startsWith(root)) found.add(code.specifier);
    }
  }
  return [...found].map((specifier) => specifier.slice(root.length)).sort();
}
