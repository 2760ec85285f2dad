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

Deno.test({
  name: "only the first of several connections may ask the user for something",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const ssh = dir.write("ssh", '#!/bin/sh\necho "$@" >&2\n');
    Deno.chmodSync(ssh, 0o755);
    for (const [isFurther, options] of [[false, ""], [true, "-o BatchMode=yes "]] as const) {
      const location = parseSshLocation("ssh://me@host:2222/store");
      const connection = connectBySsh(ssh, { command: "casync" }, location, isFurther);
      strictEqual(
        await connection.diagnose(),
        `ssh ended with status 0: ${options}-p 2222 -l me -- host casync`,
      );
      await connection.readable.cancel();
      await connection.writable.abort();
    }
  },
});
