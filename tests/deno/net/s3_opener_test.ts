import { deepStrictEqual, rejects } from "node:assert/strict";
import { chmodSync } from "node:fs";
import { openS3 } from "../../../src/deno/net/s3_opener.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { sha512256 } from "../../support/sha.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test({
  name: "a file of keys that others can read is warned of once, for all stores",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const credentialsFile = dir.write(
      "keys",
      "[default]\naws_access_key_id = a\naws_secret_access_key = s3cret\n",
    );
    chmodSync(credentialsFile, 0o644);
    await using server = await startFaultyServer({}, () => ({ status: 403 }));
    const warnings: string[] = [];
    const opener = openS3({ warn: (text) => warnings.push(text) });
    try {
      for (let n = 0; n < 2; n++) {
        await using store = await opener.openChunks!(`s3+${server.url}/bucket/${n}`, {
          s3: { credentialsFile },
        });
        await rejects(store.get(sha512256(new Uint8Array(1))), { code: "store" });
      }
    } finally {
      opener[Symbol.dispose]?.();
    }
    deepStrictEqual(warnings, [
      `${credentialsFile} has secret keys, and others can read it (chmod 600 ${credentialsFile})`,
    ]);
  },
});
