import { strictEqual, throws } from "node:assert/strict";
import { neededBytes, openBlobInPlace } from "../../../src/deno/output/blob_target.ts";
import { mayHavePartialFiles } from "../../../src/deno/output/partial_file.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("a file takes what is not zero, on Windows all that it has", () => {
  const data = [{ offset: 0, length: 10 }, { offset: 90, length: 5 }];
  strictEqual(neededBytes(data, 100, "linux"), 15);
  strictEqual(neededBytes(data, 100, "darwin"), 15);
  strictEqual(neededBytes(data, 100, "windows"), 100);
});

Deno.test({
  name: "a file that is written in place is one run's alone, until that ends",
  ignore: !mayHavePartialFiles,
  fn: () => {
    using dir = tempDir();
    const path = dir.write("file", "old");
    const says = { code: "io", message: /^Cannot write .*: another run is writing to it \(run this again/ };
    for (const name of [path, dir.path("link")]) {
      const first = openBlobInPlace(path, 5);
      if (name !== path) Deno.symlinkSync(path, name);
      throws(() => openBlobInPlace(name, 9), says);
      strictEqual(Deno.statSync(path).size, 5);
      first.discard();
      openBlobInPlace(name, 5).discard();
    }
  },
});
