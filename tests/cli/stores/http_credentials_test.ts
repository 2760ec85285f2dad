/** What shows an HTTP server who asks: the URL, the environment, a netrc file. */

import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { denoDir } from "../../support/deno_dir.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, somePieces, storePath } from "../../support/made.ts";
import { tempDir } from "../../support/temp.ts";

const basic = (text: string) => `Basic ${btoa(text)}`;

Deno.test("passwords and tokens from the environment and netrc, for indexes and stores; those in a URL come first", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const home = dir.dir("home");
  const netrc = dir.write("home/.netrc", "machine 127.0.0.1 login me password s3cret\n");
  Deno.chmodSync(netrc, 0o600);
  const other = dir.write("other", "machine 127.0.0.1 login you password els3\nmachine x password y");
  Deno.chmodSync(other, 0o600);
  const nowhere = dir.path("nowhere");
  const none = { HOME: nowhere, USERPROFILE: nowhere, NETRC: "", DESYNC_HTTP_AUTH: "", DENO_DIR: denoDir };
  const windows = Deno.build.os === "windows";
  const cases: [env: Record<string, string>, user: string, expected: string | null][] = [
    [none, "", null],
    [{ ...none, DESYNC_HTTP_AUTH: "Bearer t0ken" }, "", "Bearer t0ken"],
    [{ ...none, DESYNC_HTTP_AUTH: "Bearer t0ken", NETRC: other }, "", "Bearer t0ken"],
    [{ ...none, DESYNC_HTTP_AUTH: "Bearer t0ken" }, "third:p4ss@", basic("third:p4ss")],
    [{ ...none, HOME: home, NETRC: other }, "", basic("you:els3")],
    [{ ...none, NETRC: dir.path("nowhere") }, "", null],
    ...(windows ? [] : [[{ ...none, HOME: home }, "", basic("me:s3cret")] as [typeof none, string, string]]),
  ];
  for (const [env, user, expected] of cases) {
    await using server = await startFaultyServer({
      "/index": { body: Deno.readFileSync(made.index) },
    }, ({ path }) => {
      const i = made.ids.findIndex((id) => path === `/${storePath(id, "zstd")}`);
      return i < 0 ? { status: 404 } : { body: Deno.readFileSync(made.chunk(i)) };
    });
    const url = server.url.replace("//", `//${user}`);
    const { code, stderr } = await runCli(["cat", "-s", url, `${url}/index`], { env });
    deepStrictEqual([code, stderr], [0, ""]);
    deepStrictEqual([...new Set(server.requests.map(({ headers }) => headers.get("authorization")))], [
      expected,
    ]);
  }
});

Deno.test({
  name: "a netrc file that others can read is used, with a warning",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const netrc = dir.write("netrc", "machine 127.0.0.1 login me password s3cret\n");
    Deno.chmodSync(netrc, 0o644);
    await using server = await startFaultyServer({}, () => ({ status: 404 }));
    const env = { NETRC: netrc, DESYNC_HTTP_AUTH: "" };
    const { code, stderr } = await runCli(["list-chunks", `${server.url}/index`], { env });
    strictEqual(code, 1);
    match(
      stderr,
      /^desync: .*netrc has passwords, and others can read it \(chmod 600 .*\)\ndesync: Cannot .*\n$/,
    );
    strictEqual(server.requests[0].headers.get("authorization"), basic("me:s3cret"));
  },
});

Deno.test("a server that wants a password, or another one, and a value that is not one", async () => {
  await using server = await startFaultyServer({}, () => ({ status: 401, reason: "No" }));
  const run = (value: string) =>
    runCli(["list-chunks", `${server.url}/index`], { env: { DESYNC_HTTP_AUTH: value, NETRC: "/nowhere" } });
  assertFails(await run(""), 1, "401", "DESYNC_HTTP_AUTH", "netrc");
  assertFails(await run("Bearer t0ken"), 1, "401", "not accept");
  const bad = await run("t0ken\u00e9");
  assertFails(bad, 2, "DESYNC_HTTP_AUTH", "Bearer");
  strictEqual(bad.stderr.includes("t0ken"), false);
});
