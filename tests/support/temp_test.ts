import { ok, strictEqual } from "node:assert/strict";
import { exists } from "./exists.ts";
import { tempDir } from "./temp.ts";

Deno.test("a temporary directory is gone after its block, also after an error", () => {
  let root = "";
  try {
    using dir = tempDir();
    root = dir.root;
    strictEqual(Deno.readTextFileSync(dir.write("a/b/file", "text")), "text");
    ok(Deno.statSync(dir.dir("c/d")).isDirectory);
    throw new Error("in the middle");
  } catch {
    ok(!exists(root));
  }
  strictEqual(root === "", false);
});
