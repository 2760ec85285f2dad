/** Nothing secret is printed, whatever fails. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { runCli } from "../support/cli.ts";
import { startFaultyServer } from "../support/faulty_server.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { tempDir } from "../support/temp.ts";

const secrets = ["S1GNATURE", "PASSW0RD"];

Deno.test("neither a password nor a signature is printed, also not with --verbose", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using server = await startFaultyServer({
    "/index": { body: Deno.readFileSync(made.index) },
    "/html": { body: "<html>" },
    "/cut": { cut: { after: "request", by: "close" } },
  });
  const at = (path: string) => `${server.url.replace("//", "//user:PASSW0RD@")}${path}?sig=S1GNATURE(x)`;
  const other = dir.write("other", new Uint8Array(made.bytes.length));
  const runs: [args: string[], status: number][] = [
    [["verify-index", at("/index"), other], 3],
    [["list-chunks", at("/html")], 1],
    [["list-chunks", "-e", "1", at("/cut")], 1],
    [["cat", "-s", `${at("/store")}|${at("/other")}`, made.index], 2],
    [["cat", "-s", at("/store"), made.index], 1],
    [["cat", "-s", "ssh://user:PASSW0RD@ho st/x", made.index], 2],
    [["list-chunks", "http://user:PASSW0RD@ho st/x?sig=S1GNATURE"], 2],
    [["list-chunks", "s3+https://user:PASSW0RD/x@host/x?sig=S1GNATURE"], 2],
  ];
  for (const [args, status] of runs) {
    const { code, stdout, stderr } = await runCli(["--verbose", ...args]);
    strictEqual(code, status, stderr);
    deepStrictEqual(secrets.filter((secret) => (stdout + stderr).includes(secret)), [], stderr);
  }
});
