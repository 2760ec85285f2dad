/** Nothing secret is printed, whatever fails. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { hideSecretsOf, withoutTypedSecrets } from "../../../src/cli/output/typed_secrets.ts";
import { runCli } from "../../support/cli.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { repository, run } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";

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
    [["cat", "-s", `${at("/store")}|${at("/other")}`, made.index], 1],
    [["cat", "-e", "1", "-s", `${at("/cut")}|${at("/cut")}`, made.index], 1],
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

/** Locations as they are typed, right or wrong. */
const locations = [
  "http://user:PASSW0RD@127.0.0.1:1/x?sig=S1GNATURE",
  "http://user:PASSW0RD@[bad/x?sig=S1GNATURE",
  "http://user:PASSW0RD@h|http://h/x?a|sig=S1GNATURE",
  "http://user:PASSW0RD,x PASSW0RD@127.0.0.1:1/",
  'https://user:\n"PASSW0RD\\@h o/x#S1GNATURE',
  "s3+HTTPS://user:PASSW0RD/x@h/x?a&sig=S1GNATURE",
  "http:user:PASSW0RD@127.0.0.1:1/x",
  "//user:PASSW0RD@h/x?sig=S1GNATURE",
  "user:PASSW0RD@host:/x",
  "https//user:PASSW0RD@h/x?sig=S1GNATURE",
];

/** Where they are typed: each place is wrong, or leads to nothing. */
const places: ((location: string, index: string) => string[])[] = [
  (location) => [location],
  (location) => ["help", location],
  (location, index) => ["cat", "-n", location, index],
  (location, index) => ["cat", `-n${location}`, index],
  (location, index) => ["cat", `--stroe=${location}`, index],
  (location, index) => ["cat", `--${location}`, index],
  (location, index) => ["cat", "-e", "1", "-s", location, index],
  (location, index) => ["cat", "--config", location, index],
  (location, index) => ["extract", "--progress", location, index, "x"],
  (location, index) => ["cat", "--ca-cert", location, "-s", "https://127.0.0.1:1/", index],
  (location, index) => ["make", "-m", location, "no/such", index],
  (location, index) => ["cache", "-e", "1", "-s", location, "-c", `${index}/no/such`, index],
  (location) => ["list-chunks", "-e", "1", location],
  (location) => ["untar", location, "x"],
  (location) => ["verify", "-s", location],
  (location) => ["pull", location, "-", "-", "x"],
  (location, index) => ["extract", index, "x", location],
  (location) => ["completion", location],
];

Deno.test("a location's password and query are not printed, wherever it is typed", async () => {
  using dir = tempDir();
  const { index } = makeBlob(dir, somePieces());
  const lists = places.flatMap((place) => locations.map((location) => place(location, index)));
  const words = ["run", "-A", join(repository, "tests/support/programs/main_each.ts")];
  const { stdout, stderr } = await run(Deno.execPath(), words, {
    stdin: JSON.stringify(lists),
    cwd: dir.dir("work"),
  });
  strictEqual(stdout, "");
  const said = stderr.split("\0");
  for (const [i, list] of lists.entries()) {
    const [text, status] = [said[2 * i], said[2 * i + 1]];
    ok(Number(status) > 0, `${list}: ${status}`);
    ok(/^desync: [^\n]*\n$/.test(text), text);
    deepStrictEqual(secrets.filter((secret) => text.includes(secret)), [], `${list}: ${text}`);
  }
});

Deno.test("only the secret is removed, and long words take no time", () => {
  const shown = (word: string, text: string) => {
    hideSecretsOf([word]);
    return withoutTypedSecrets(text);
  };
  strictEqual(shown("http://u:pw@h/a?b", "Cannot read http://h/a: pw?"), "Cannot read http://h/a: pw?");
  strictEqual(
    shown("http://t0ken@h/", "Unknown command http://t0ken@h/ (x)"),
    "Unknown command http://h/ (x)",
  );
  strictEqual(shown("ssh://me@h/x", "say ssh://me@h/x or me@h"), "say ssh://me@h/x or me@h");
  strictEqual(shown("u:pw@h:/x", "no u:pw@h:/x here"), "no h:/x here");
  hideSecretsOf(["--authorization", "Bearer s3cret\t", "-l", ":80"]);
  strictEqual(withoutTypedSecrets('value "Bearer s3cret\\t" of x'), 'value "…" of x');
  hideSecretsOf(["--authorization=Basic abc"]);
  strictEqual(withoutTypedSecrets("Basic abc"), "…");
  for (const path of ["./a:b@c", "C:\\a@b?c", "/x/y:z@w#v", "a?b#c", "-k", ""]) {
    strictEqual(shown(path, path), path);
  }
  strictEqual(shown("x", "http://a:b@c/d?e ftp://f@g#h"), "http://c/d ftp://g");
  for (const unit of ["a", "-", "/", ":", "@", "=", "a:", "://", "a://", "?", "http:", "\\"]) {
    const long = unit.repeat(200_000);
    shown(long, "x");
    shown("x", long);
  }
});
