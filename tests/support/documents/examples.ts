/** The examples in the documentation: what is between "```ts" and "```" in Markdown and in comments of the source. */

import { join, relative } from "node:path";
import { repository } from "../process.ts";

/** One example. */
export interface Example {
  /** The path within the repository. */
  readonly file: string;
  /** Where its first line is; the file's first is 1. */
  readonly line: number;
  readonly code: string;
}

/** Where the project's documentation and source are not. */
const others = new Set(["node_modules", "dist", "tests"]);

/** The files that may have examples, by their paths within the repository. */
export function documentedFiles(directory = repository): string[] {
  return [...Deno.readDirSync(directory)].flatMap(({ name, isDirectory }) => {
    const path = join(directory, name);
    if (isDirectory) return name.startsWith(".") || others.has(name) ? [] : documentedFiles(path);
    return /\.(?:ts|md)$/.test(name) ? [relative(repository, path)] : [];
  }).sort();
}

/** The examples of a file. Fails when one is in another language than `ts`, or `ts ignore`, which is none. */
export function examplesIn(file: string, text: string): Example[] {
  const examples: Example[] = [];
  const inComments = file.endsWith(".ts");
  let open: { line: number; lines: string[] } | undefined;
  for (const [i, whole] of text.split("\n").entries()) {
    const line = inComments ? /^ *\* ?(.*)$/.exec(whole)?.[1] : whole;
    const fence = line === undefined ? undefined : /^ *```(.*)$/.exec(line)?.[1].trim();
    if (open === undefined) {
      if (fence === "ts") open = { line: i + 2, lines: [] };
      else if (fence !== "ts ignore" && /^(?:[cm]?[jt]sx?|javascript|typescript)\b/.test(fence ?? "")) {
        throw new Error(`${file}:${i + 1}: an example in "${fence}": write "ts", or "ts ignore"`);
      }
    } else if (fence === "") {
      examples.push({ file, line: open.line, code: open.lines.join("\n") });
      open = undefined;
    } else open.lines.push(line ?? "");
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: an example without an end`);
  return examples;
}
