/** The program that speaks ssh for us, when it is not what it should be. */

import { strictEqual } from "node:assert/strict";
import { connectBySsh } from "../../../src/deno/ssh/ssh_command.ts";
import { parseSshLocation } from "../../../src/deno/ssh/ssh_location.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test({
  name: "a program that ignores the signal to end is killed",
  ignore: Deno.build.os === "windows", // there nobody is told, programs are ended
  fn: async () => {
    using dir = tempDir();
    // It would end by itself in the end, with a status that is told.
    const script = "#!/bin/sh\ntrap '' TERM\necho stubborn >&2\nexec 2>&-\nsleep 20 >&- 2>&-\nexit 7\n";
    const stubborn = dir.write("stubborn", script);
    Deno.chmodSync(stubborn, 0o755);
    const connection = connectBySsh(stubborn, { command: "casync" }, parseSshLocation("ssh://host/store"));
    strictEqual(await connection.diagnose(), "stubborn");
    await connection.readable.cancel();
    await connection.writable.abort();
  },
});
