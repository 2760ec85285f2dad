import { deepStrictEqual, throws } from "node:assert/strict";
import { isNamedDirectory } from "../../../src/deno/files/file_kind.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test("what cannot be looked at is named, with what it is for", () => {
  using dir = tempDir();
  const file = dir.write("file", "");
  deepStrictEqual([dir.root, file, dir.path("none")].map((path) => isNamedDirectory("read", path)), [
    true,
    false,
    false,
  ]);
  // No system takes such a name.
  throws(() => isNamedDirectory("write", `${dir.root}/\0`), { code: "io", message: /^Cannot write .+: / });
});
