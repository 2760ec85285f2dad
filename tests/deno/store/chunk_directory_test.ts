/** Chunks in a directory that come, go, or cannot be seen. */
import { rejects, strictEqual } from "node:assert/strict";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { storePath } from "../../support/made.ts";
import { tempDir } from "../../support/temp.ts";

const id = `abcd${"0".repeat(60)}`;

Deno.test("what a directory said to be missing is found when it comes", async () => {
  using dir = tempDir();
  const store = new LocalStore(dir.dir("store"));
  for (let turn = 0; turn < 2; turn++) strictEqual(await store.storedSize(id), null);
  const path = dir.write(`store/${storePath(id, "plain")}`, "12345");
  strictEqual(await store.storedSize(id), 5);
  Deno.removeSync(path);
  strictEqual(await store.storedSize(id), null);
});

Deno.test({
  name: "what cannot be seen is not said to be missing",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const store = new LocalStore(dir.dir("store"));
    // Its directory is none.
    dir.write("store/abcd", "");
    await rejects(store.storedSize(id), { code: "io" });
    await rejects(store.storedSize(id), { code: "io" });
  },
});
