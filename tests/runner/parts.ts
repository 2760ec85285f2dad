/** Splits a run into parts, each for a process of its own. */

import { isAbsolute, join, relative } from "node:path";
import { documentedFiles } from "../support/documents/examples.ts";
import type { Wanted } from "./arguments.ts";
import { isTestFile, testFilesIn } from "./files.ts";

/** One process of `deno test`. */
export interface Part {
  /** What is said about it. */
  readonly name: string;
  /** The test file, if it is one. */
  readonly file?: string;
  /** Its arguments: all of them, or for tests those besides what every test gets. */
  readonly args: readonly string[];
  /** Whether it runs tests; otherwise it only has to end well. */
  readonly tests: boolean;
}

/** Files that take longest, which are begun first: otherwise one of them alone would be left at the end. */
const longest = [
  "tests/cli/permissions_test.ts",
  "tests/interop/matrix_test.ts",
  "tests/cli/first_run_test.ts",
  "tests/cli/faults/failing_runs_test.ts",
  "tests/cli/commands/make_test.ts",
  "tests/cli/faults/bad_input_test.ts",
  "tests/interop/ssh_test.ts",
  "tests/cli/faults/interrupted_test.ts",
  "tests/cli/output/nonblocking_test.ts",
  "tests/cli/inputs/given_words_test.ts",
  "tests/deno/tree/untar_safety_test.ts",
  "tests/cli/faults/store_vanishes_test.ts",
  "tests/deno/tree/untar_test.ts",
  "tests/interop/ssh_builtin_test.ts",
  "tests/interop/make_test.ts",
  "tests/runner/run_test.ts",
  "tests/release_test.ts",
  "tests/cli/faults/few_files_test.ts",
  "tests/cli/faults/make_interrupted_test.ts",
];

/**
 * The parts for these paths, or for all tests if there are none; the examples in what is no test are parts, too.
 * Undefined when a path is not there, which is for `deno test` to say.
 */
export function planParts(
  { paths, check }: Pick<Wanted, "paths" | "check">,
  cwd: string,
): Part[] | undefined {
  const files = new Set<string>();
  const others: string[] = [];
  for (const path of paths.length === 0 ? ["tests"] : paths) {
    const full = isAbsolute(path) ? path : join(cwd, path);
    const kind = kindOf(full);
    if (kind === undefined) return undefined;
    const found = kind === "directory" ? testFilesIn(full) : isTestFile(full) ? [full] : [];
    for (const file of found) files.add(file);
    const inTests = relative(join(cwd, "tests"), full).split(/[\\/]/)[0] !== "..";
    if (kind === "file" ? found.length === 0 : !inTests) others.push(path);
  }
  const names = inOrder([...files].map((file) => relative(cwd, file)));
  const parts: Part[] = names.map((name) => ({
    name,
    file: name,
    args: ["--no-check", name],
    tests: true,
  }));
  if (check && names.length > 0) {
    // All of them with the examples, which are tests as well: examples_test.ts runs them.
    const documents = documentedFiles().filter((file) => file.endsWith(".md"));
    const args = paths.length === 0
      ? ["check", "--quiet", "--doc", ".", ...documents]
      : ["test", "--no-run", ...names];
    parts.unshift({ name: "the types", args, tests: false });
  }
  if (others.length > 0) {
    const args = [
      ...check ? [] : ["--no-check"],
      "--doc",
      ...names.length === 0 ? [] : [`--ignore=${names.join(",")}`],
      ...others,
    ];
    parts.unshift({ name: "the examples in the documentation", args, tests: true });
  }
  return parts;
}

function kindOf(path: string): "file" | "directory" | undefined {
  try {
    return Deno.statSync(path).isDirectory ? "directory" : "file";
  } catch {
    return undefined;
  }
}

/** The longest first, then by size, which says a little about how long they take. */
function inOrder(names: string[]): string[] {
  const order = names.map((name) => {
    const rank = longest.indexOf(name.replaceAll("\\", "/"));
    return { name, rank: rank === -1 ? longest.length : rank, size: Deno.statSync(name).size };
  });
  return order.sort((a, b) => a.rank - b.rank || b.size - a.size).map(({ name }) => name);
}
