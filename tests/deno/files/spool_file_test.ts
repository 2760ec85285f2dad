import { throws } from "node:assert/strict";
import { SpoolFile } from "../../../src/deno/files/spool_file.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("an error about a temporary file names its directory", () => {
  using dir = tempDir();
  using file = new SpoolFile(dir.root);
  file.append(new Uint8Array(5));
  throws(() => file.read(new Uint8Array(5), 1), {
    code: "io",
    message: `Cannot read a temporary file in ${dir.root}: it became shorter`,
  });
});
