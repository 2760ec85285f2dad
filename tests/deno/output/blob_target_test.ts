import { strictEqual } from "node:assert/strict";
import { neededBytes } from "../../../src/deno/output/blob_target.ts";

Deno.test("a file takes what is not zero, on Windows all that it has", () => {
  const data = [{ offset: 0, length: 10 }, { offset: 90, length: 5 }];
  strictEqual(neededBytes(data, 100, "linux"), 15);
  strictEqual(neededBytes(data, 100, "darwin"), 15);
  strictEqual(neededBytes(data, 100, "windows"), 100);
});
