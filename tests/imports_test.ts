/** Imports run one way, as docs/architecture.md draws it. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { SCHEMES } from "../src/deno/schemes.ts";
import { PATH } from "../src/stores/location.ts";
import { filesIn } from "./support/files.ts";
import { repository } from "./support/process.ts";

/** The rooms of src/, each line on those above it. Rooms of one line do not know each other. */
const LAYERS = [
  ["core"],
  ["formats", "chunker", "codec"],
  ["stores"],
  ["transfer", "blob", "archive"],
  ["jobs"],
  ["deno", "workers"],
  ["cli"],
];
/** But these do. */
const FRIENDS = ["deno", "workers"];

function layerOf(room: string): number {
  return LAYERS.findIndex((rooms) => rooms.includes(room));
}

/** The room of a path below src/. */
function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "";
}

function mayImport(from: string, to: string): boolean {
  return from === to || layerOf(to) < layerOf(from) || [from, to].every((room) => FRIENDS.includes(room));
}

Deno.test("only workers say that a chunk was verified elsewhere", () => {
  const users: string[] = [];
  for (const path of filesIn(join(repository, "src")).filter((path) => path.endsWith(".ts"))) {
    const uses = Deno.readTextFileSync(join(repository, "src", path)).includes("trustChunk");
    if (uses && roomOf(path) !== "workers") users.push(path);
  }
  deepStrictEqual(users, ["codec/open_chunk.ts"]);
});

Deno.test("imports run one way", () => {
  const wrong: string[] = [];
  let count = 0;
  for (const path of filesIn(join(repository, "src")).filter((path) => path.endsWith(".ts"))) {
    ok(layerOf(roomOf(path)) >= 0, `${path} is in no room that docs/architecture.md has`);
    // Examples in comments import as users do.
    const code = Deno.readTextFileSync(join(repository, "src", path)).replaceAll(
      /^ *(?:\/\*\*| \*).*$/gm,
      "",
    );
    for (const [, specifier] of code.matchAll(/\b(?:from|import)\s*\(?"(\.[^"]+)"/g)) {
      count++;
      const target = join(dirname(path), specifier);
      if (!mayImport(roomOf(path), roomOf(target))) wrong.push(`${path} imports ${target}`);
    }
  }
  deepStrictEqual(wrong, []);
  ok(count > 500, String(count));
});

Deno.test("a stranger finds a file: no directory is long", () => {
  const counts = new Map<string, number>();
  for (const path of filesIn(join(repository, "src"))) {
    counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  }
  deepStrictEqual([...counts].filter(([, count]) => count > 22), []);
});

/** Where the names of schemes may be compared: in what opens them, and in what keeps secrets of misspelt URLs. */
const OF_SCHEMES = [
  "deno/schemes.ts",
  "stores/http/",
  "deno/net/",
  "deno/ssh/",
  "cli/output/typed_secrets.ts",
];

Deno.test("what a location's scheme means is known to the registry alone", () => {
  const names = SCHEMES.flatMap(({ names }) => names).filter((name) => name !== PATH);
  const word = names.map((name) => name.replaceAll("+", "\\+")).join("|");
  // As a string or a pattern that is compared: "http", "https:", "ssh://", /^https?:/.
  const compared = new RegExp(
    `(?:[=!]== |startsWith\\(|includes\\(|case )["'\`](?:${word})(?::|://)?["'\`]|/\\^?(?:${word})\\??:`,
  );
  const wrong: string[] = [];
  const src = join(repository, "src");
  for (const path of filesIn(src).filter((path) => path.endsWith(".ts"))) {
    if (OF_SCHEMES.some((start) => path.startsWith(start))) continue;
    for (const [i, line] of Deno.readTextFileSync(join(src, path)).split("\n").entries()) {
      if (compared.test(line) && !/^ *(?:\*|\/[/*])/.test(line)) wrong.push(`${path}:${i + 1}: ${line}`);
    }
  }
  deepStrictEqual(wrong, []);
});
