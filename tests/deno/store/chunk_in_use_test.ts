/** A chunk's file that cannot be replaced, as on Windows while another program reads it. */
import { deepStrictEqual, rejects } from "node:assert/strict";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { asVerified } from "../../support/data/as_verified.ts";
import { filesIn } from "../../support/files.ts";
import { canMount } from "../../support/system/mounts.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { Random } from "../../support/random.ts";
import { chunkPath, sha512256 } from "../../support/sha.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test({
  name: "adding a chunk that cannot replace the same one is a success, replacing another is not",
  ignore: !canMount,
  fn: async () => {
    using dir = tempDir();
    const bytes = new Random(1).bytes(1000);
    const id = sha512256(bytes);
    const store = new LocalStore(dir.dir("store"));
    const file = dir.write(`store/${chunkPath(id, "")}`, bytes);
    // Linux replaces no file that something is mounted on.
    await run(peers.mount, ["--bind", file, file]);
    try {
      await store.put(asVerified(id, { form: "plain", bytes }));
      await rejects(
        store.put(asVerified(id, { form: "plain", bytes: bytes.map((byte) => byte ^ 1) })),
        /it is in use/,
      );
      deepStrictEqual(filesIn(store.properties.directory), [chunkPath(id, "")]);
    } finally {
      await run(peers.umount, [file]);
    }
  },
});
