import { strictEqual } from "node:assert/strict";
import { namesDirectory } from "../../../src/deno/output/output_checks.ts";

Deno.test("a path that ends with a separator names a directory, on Windows with either", () => {
  for (const windows of [false, true]) {
    strictEqual(namesDirectory("out/", windows), true);
    strictEqual(namesDirectory("out", windows), false);
    strictEqual(namesDirectory("out\\", windows), windows);
  }
});
