/** Imports run one way, as docs/architecture.md draws it. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { filesIn } from "./support/files.ts";
import { repository } from "./support/process.ts";

/** The rooms of src/, each line on those above it; "" is src/ itself. Rooms of one line do not know each other. */
const LAYERS = [[""], ["formats", "chunker", "codec"], ["stores"], ["jobs"], ["deno", "workers"], ["cli"]];
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
