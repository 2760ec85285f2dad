/** What killed runs left of outputs whose names are not UTF-8. */
import { deepStrictEqual } from "node:assert/strict";
import { removeStaleAliases } from "../../../src/deno/output/temporary_names.ts";
import { filesIn } from "../../support/files.ts";
import { tempDir } from "../../support/temp.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

Deno.test("aliases of killed runs, and their temporary files, are removed when they are a day old", () => {
  using dir = tempDir();
  const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
  const left = [`.tmp-desync-~${a}`, `.tmp-desync-.tmp-desync-~${a}-${b}`];
  const others = [".tmp-desync-~", `.tmp-desync-x-${b}`, `.tmp-desync-.tmp-desync-~${a}-`, "file"];
  // As a hard link of an old file has it: the time when it was made a link counts.
  for (const name of [...left, ...others]) Deno.utimeSync(dir.write(name, ""), 0, 0);
  removeStaleAliases(dir.root);
  deepStrictEqual(filesIn(dir.root), [...left, ...others].sort());
  const { now } = Date;
  // No call gives a file another time of its last change.
  Date.now = () => now() + DAY_MS;
  try {
    removeStaleAliases(dir.root);
  } finally {
    Date.now = now;
  }
  deepStrictEqual(filesIn(dir.root), others.sort());
});
