/** Splits a run into parts, each for a process of its own. */

import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Wanted } from "./arguments.ts";
import { isTestFile, testFilesIn } from "./files.ts";
import { filesVariable } from "./files_variable.ts";
import { groupsOf } from "./groups.ts";

/** One process of `deno test`. */
export interface Part {
  /** What is said about it. */
  readonly name: string;
  /** The test files. */
  readonly files: readonly string[];
  /** Its arguments: all of them, or for tests those besides what every test gets. */
  readonly args: readonly string[];
  /** Variables on top of the runner's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it runs tests; otherwise it only has to end well. */
  readonly tests: boolean;
}

/** Files that take longest, which are begun first: otherwise one of them alone would be left at the end. */
const longest = [
  "tests/cli/permissions_test.ts",
  "tests/interop/matrix_test.ts",
  "tests/interop/archive_matrix_test.ts",
  "tests/cli/first_run_test.ts",
  "tests/cli/faults/failing_runs_test.ts",
  "tests/cli/commands/make_test.ts",
  "tests/cli/faults/bad_input_test.ts",
  "tests/cli/faults/bad_answers_test.ts",
  "tests/interop/ssh_test.ts",
  "tests/interop/ssh_near_test.ts",
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
  "tests/cli/faults/killed_extract_test.ts",
  "tests/cli/commands/untar/untar_seed_test.ts",
  "tests/cli/servers/faults_test.ts",
  "tests/interop/servers_test.ts",
  "tests/interop/s3_test.ts",
  "tests/codec/zstd_blocks_test.ts",
  "tests/chunker/casync_test.ts",
  "tests/jobs/move_within_test.ts",
];

/**
 * The parts for these paths, or for all tests if there are none; the examples in what is no test are parts, too.
 * Undefined when a path is not there, which is for `deno test` to say.
 */
export function planParts(
  { paths, check, coverage, junit }: Pick<Wanted, "paths" | "check" | "coverage" | "junit">,
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
  // A report has each file by its name.
  const isReported = coverage !== undefined || junit !== undefined;
  const groups = isReported
    ? names.map((name) => [name])
    : groupsOf(names, names.filter(isLong), (name) => Deno.readTextFileSync(join(cwd, name)));
  const parts: Part[] = byLength(groups).map(partOf);
  // For all of them that is a matter of its own: `deno task check`.
  if (check && paths.length > 0 && names.length > 0) {
    parts.unshift({ name: "the types", files: [], args: ["test", "--no-run", ...names], tests: false });
  }
  if (others.length > 0) {
    const args = [
      ...check ? [] : ["--no-check"],
      "--doc",
      ...names.length === 0 ? [] : [`--ignore=${names.join(",")}`],
      ...others,
    ];
    parts.unshift({ name: "the examples in the documentation", files: [], args, tests: true });
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

/** Those known to take long first, then groups, and single files at the end, where they end soon after each other. */
function byLength(groups: string[][]): string[][] {
  const rank = ([first, ...more]: string[]) => isLong(first) ? 0 : more.length > 0 ? 1 : 2;
  return groups.sort((a, b) => rank(a) - rank(b));
}

function isLong(name: string): boolean {
  return longest.includes(name.replaceAll("\\", "/"));
}

function partOf(files: string[]): Part {
  const name = files.join(" ");
  if (files.length === 1) return { name, files, args: ["--no-check", name], tests: true };
  const together = fileURLToPath(new URL("./together.ts", import.meta.url));
  const env = { [filesVariable]: JSON.stringify(files) };
  return { name, files, args: ["--no-check", together], env, tests: true };
}

/** The longest first, then by size, which says a little about how long they take. */
function inOrder(names: string[]): string[] {
  const order = names.map((name) => {
    const rank = longest.indexOf(name.replaceAll("\\", "/"));
    return { name, rank: rank === -1 ? longest.length : rank, size: Deno.statSync(name).size };
  });
  return order.sort((a, b) => a.rank - b.rank || b.size - a.size).map(({ name }) => name);
}
