/** Imports run in one direction, as docs/architecture.md draws it. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { SCHEMES } from "../src/deno/schemes.ts";
import { PATH } from "../src/stores/location.ts";
import { filesIn } from "./support/files.ts";
import { repository } from "./support/process.ts";

/** The directories of src/. Each line may import those above it; directories on one line do not import each other. */
const LAYERS = [
  ["core"],
  ["formats", "chunker", "codec"],
  ["stores"],
  ["transfer", "blob", "archive", "delta"],
  ["jobs", "servers"],
  ["pictures"],
  ["deno", "workers", "browser"],
  ["cli"],
];
/** But these do: threads work on files, and files are written by threads. */
const FRIENDS = ["deno", "workers"];

function layerOf(directory: string): number {
  return LAYERS.findIndex((layer) => layer.includes(directory));
}

/** The directory of src/ that has the path. */
function topOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

function mayImport(from: string, to: string): boolean {
  return from === to || layerOf(to) < layerOf(from) || [from, to].every((one) => FRIENDS.includes(one));
}

Deno.test("only workers use trustChunk", () => {
  const users: string[] = [];
  for (const path of filesIn(join(repository, "src")).filter((path) => path.endsWith(".ts"))) {
    const uses = Deno.readTextFileSync(join(repository, "src", path)).includes("trustChunk");
    if (uses && topOf(path) !== "workers") users.push(path);
  }
  deepStrictEqual(users, ["codec/open_chunk.ts"]);
});

Deno.test("imports run in one direction", () => {
  const wrong: string[] = [];
  let count = 0;
  for (const path of filesIn(join(repository, "src")).filter((path) => path.endsWith(".ts"))) {
    ok(layerOf(topOf(path)) >= 0, `${path} is in no directory that docs/architecture.md lists`);
    // Examples in comments import as users do.
    const code = Deno.readTextFileSync(join(repository, "src", path)).replaceAll(
      /^ *(?:\/\*\*| \*).*$/gm,
      "",
    );
    for (const [, specifier] of code.matchAll(/\b(?:from|import)\s*\(?"(\.[^"]+)"/g)) {
      count++;
      const target = join(dirname(path), specifier);
      if (!mayImport(topOf(path), topOf(target))) wrong.push(`${path} imports ${target}`);
    }
  }
  deepStrictEqual(wrong, []);
  ok(count > 500, String(count));
});

/** Commands whose work may be small. */
const QUICK = ["cache", "cat", "chop", "chunk", "extract", "info", "list_chunks", "make", "pull", "verify"];

Deno.test("commands on blobs load no module of node to start, which would take longer than a small job", () => {
  const loaded = new Set(["cli/main.ts", "cli/configuration/read_configuration.ts"]);
  for (const name of QUICK) loaded.add(`cli/run/${name}.ts`);
  // What opens stores is loaded by its scheme.
  const schemes = Deno.readTextFileSync(join(repository, "src/deno/schemes.ts"));
  for (const [, opener] of schemes.matchAll(/\bimport\("([^"]+)"\)/g)) loaded.add(join("deno", opener));
  const wrong: string[] = [];
  for (const path of loaded) {
    const code = Deno.readTextFileSync(join(repository, "src", path));
    // All but types, and what is imported by a call.
    for (
      const [, specifier] of code.matchAll(/^(?:import|export)(?! type)\s+(?:[^;"]*\sfrom\s+)?"([^"]+)";$/gm)
    ) {
      if (specifier.startsWith(".")) loaded.add(join(dirname(path), specifier));
      else wrong.push(`${path} imports ${specifier}`);
    }
  }
  deepStrictEqual(wrong, []);
  ok(loaded.size > 100, String(loaded.size));
});

/** These have one file for each command, called like it. */
const OF_COMMANDS = ["src/cli/commands", "src/cli/run"];

Deno.test("no directory of src or tests has more than 22 files, but for those of the commands", () => {
  const counts = new Map<string, number>();
  for (const root of ["src", "tests"]) {
    for (const path of filesIn(join(repository, root))) {
      const directory = join(root, dirname(path));
      counts.set(directory, (counts.get(directory) ?? 0) + 1);
    }
  }
  deepStrictEqual([...counts].filter(([name, count]) => count > 22 && !OF_COMMANDS.includes(name)), []);
});

/** Where the names of schemes may be compared: where they are opened, and where secrets of misspelt URLs are removed. */
const MAY_COMPARE_SCHEMES = [
  "deno/schemes.ts",
  "stores/http/",
  "deno/net/",
  "deno/ssh/",
  "cli/output/typed_secrets.ts",
  "stores/s3/s3_location.ts",
];

Deno.test("no file but the openers compares the names of schemes", () => {
  const names = SCHEMES.flatMap(({ names }) => names).filter((name) => name !== PATH);
  const word = names.map((name) => name.replaceAll("+", "\\+")).join("|");
  // As a string or a pattern that is compared: "http", "https:", "ssh://", /^https?:/.
  const compared = new RegExp(
    `(?:[=!]== |startsWith\\(|includes\\(|case )["'\`](?:${word})(?::|://)?["'\`]|/\\^?(?:${word})\\??:`,
  );
  const wrong: string[] = [];
  const src = join(repository, "src");
  for (const path of filesIn(src).filter((path) => path.endsWith(".ts"))) {
    if (MAY_COMPARE_SCHEMES.some((start) => path.startsWith(start))) continue;
    for (const [i, line] of Deno.readTextFileSync(join(src, path)).split("\n").entries()) {
      if (compared.test(line) && !/^ *(?:\*|\/[/*])/.test(line)) wrong.push(`${path}:${i + 1}: ${line}`);
    }
  }
  deepStrictEqual(wrong, []);
});
