/** The units of docs/operations.md, and sockets as systemd passes them. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { cliCommand } from "../../support/cli_command.ts";
import { makeBlob, somePieces, storePath } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { repository, runAny } from "../../support/process.ts";
import { Daemon } from "../../support/servers/daemon.ts";
import { freePort } from "../../support/servers/ports.ts";
import { tempDir } from "../../support/temp.ts";
import { canServe } from "../../../src/deno/server/can_serve.ts";

Deno.test({
  name: "systemd has nothing to say against the units of docs/operations.md",
  ignore: !peers["systemd-analyze"],
  fn: async () => {
    using dir = tempDir();
    const text = Deno.readTextFileSync(join(repository, "docs/operations.md"));
    const units = [...text.matchAll(/`\/etc\/systemd\/system\/([\w.-]+)`[^]*?```systemd\n([^]*?)```/g)];
    deepStrictEqual(units.map(([, name]) => name), ["desync-chunks.socket", "desync-chunks.service"]);
    const program = Deno.execPath();
    const paths = units.map(([, name, unit]) =>
      dir.write(name, unit.replace("/usr/local/bin/desync", program))
    );
    const result = await runAny(peers["systemd-analyze"]!, ["verify", "--man=no", ...paths]);
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
  },
});

Deno.test({
  name: "without -l a server uses the socket that systemd passes",
  ignore: !peers["systemd-socket-activate"] || !canServe(),
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const port = freePort();
    const words = ["-l", `127.0.0.1:${port}`, ...cliCommand, "chunk-server", "-s", made.store];
    await using daemon = new Daemon(peers["systemd-socket-activate"]!, words);
    let response: Response | undefined;
    while (response === undefined) {
      ok(!daemon.ended);
      // The first request starts the server, and waits for it.
      response = await fetch(`http://127.0.0.1:${port}/${storePath(made.ids[0], "zstd")}`).catch(() =>
        undefined
      );
    }
    deepStrictEqual(await response.bytes(), Deno.readFileSync(made.chunk(0)));
    daemon.signal("SIGTERM");
    strictEqual((await daemon.status).code, 0);
  },
});
