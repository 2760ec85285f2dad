import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";

const wrong: [args: string[], ...says: (string | RegExp)[]][] = [
  [["extrat", "a", "b"], "extrat", /did you mean extract\?/i],
  [["list-chunk", "a"], /did you mean list-chunks\?/i],
  [["extract", "--in-plce", "a", "b"], "--in-plce", /did you mean --in-place\?/i],
  [["extract", "--stor", "a", "b", "c"], /did you mean --store\?/i],
  [["extract", "--by-path", "a", "b"], "--by-path", "belongs to info"],
  [["extract", "--nothing-like-it", "a", "b"], "desync extract --help"],
  [["nothing-like-it"], "desync --help"],
  [["--help", "nothing-like-it"], "Unknown command nothing-like-it"],
  [["gc", "x.caibx"], "Unknown command gc", "desync prune"],
  [["help", "gc"], "Unknown command gc", "desync prune"],
  [["digest", "."], "command of casync", "desync verify-index"],
  [["mkdev", "x.caibx"], "command of casync", "desync cat"],
  [["mount", "x.caidx", "."], "command of casync", "desync untar"],
  [["stat", "x.caidx"], "command of casync", "desync mtree"],
  [
    ["extract", "-s", "user@host:/srv/store", testdata("casync-small.caibx"), "b"],
    "Cannot open the store user@host:/srv/store",
    "ssh://user@host/srv/store",
  ],
  [["extract", "-s", "host:/store", testdata("casync-small.caibx"), "b"], "ssh://host/store"],
  [["extract", "-s", "u@host:store", testdata("casync-small.caibx"), "b"], "ssh://u@host/PATH"],
  [
    ["extract", "-s", ".", "-c", "u@host:/cache", testdata("casync-small.caibx"), "b"],
    "Cannot store chunks in u@host:/cache",
  ],
  [["make", "-s", "u@host:/store", "x.caibx", testdata("README.md")], "only read", "ssh://u@host/store"],
  [["--in-plce"], "--in-plce", "desync --help"],
  [["--digst", "sha256"], /did you mean --digest\?/],
  [["--versio"], /did you mean --version\?/],
  [["help", "extrat"], /did you mean extract\?/],
  [["list-chunks", "--digest", "sha512", "a"], "--digest", /did you mean sha512-256\?/],
  [["info", "--format=jsn", "a"], "--format", /did you mean json\?/],
  [["verify", "--progress", "jso"], "--progress", /did you mean json\?/],
  [["completion", "zhs"], "<shell>", /did you mean zsh\?/],
  [["completion", "tcsh"], "<shell>", "bash, zsh, fish, powershell"],
  [["make", "-m", "0:1:2", "a", "b"], "--chunk-size", "0:1:2", "below 1 byte"],
  [["make", "-m", "1:2", "a", "b"], "--chunk-size", "1:2", "MIN:AVG:MAX"],
  [["extract", "-Q", "a", "b"], "-Q"],
  [["extract"], "<index>", "desync extract [options] <index> <output>"],
  [["extract", "a"], "<output>", "desync extract [options] <index> <output>"],
  [["extract", "a", "b", "c"], "Too many arguments", "desync extract [options] <index> <output>"],
  [["pull", "-", "-", "-"], "<store>", "desync pull [options] - - - <store>"],
  [["extract", "", "b"], 'Invalid value "" of <index>: it is empty'],
  [["cache", "a", "", "b"], 'Invalid value "" of <index>: it is empty'],
  [["tar", "x.catar", ""], 'Invalid value "" of <source>: it is empty'],
  [["extract", "-s", "", testdata("casync-small.caibx"), "b"], "Missing option -s, --store"],
  [["verify", "-s", ""], 'Invalid value "" of -s, --store: it is empty'],
  [["extract", "-s"], "Missing value of -s, --store <location>"],
  [["extract", "-n", "many", "a", "b"], "--concurrency", "many", "whole number"],
  [["extract", "-n", "0", "a", "b"], "at least 1"],
  [["extract", "-n", "-2", "a", "b"], "--concurrency"],
  [["extract", "-n", "1.5", "a", "b"], "1.5"],
  [["extract", "-e", "x", "a", "b"], "--error-retry"],
  [["extract", "--timeout", "5", "a", "b"], "--timeout", "500ms"],
  [["extract", "--timeout", "", "a", "b"], "--timeout"],
  [["extract", "--timeout", "-1s", "a", "b"], "--timeout", "negative"],
  [["cat", "-l", "1Q", "a"], "--length", "1Q", "64k"],
  [["cat", "-o", "-1", "a"], "--offset", "at least 0"],
  [["extract", "--timeout", "1s 5", "a", "b"], "1s 5"],
  [["extract", "--progress", "loud", "a", "b"], "auto, bar, lines, json, none"],
  [["extract", "-k=maybe", "a", "b"], "-k", "maybe"],
  [["extract", "--in-place=maybe", "a", "b"], "--in-place", "maybe"],
  [["extract", "-s", "a|", testdata("casync-small.caibx"), "b"], '"a|": a group has an empty member'],
  [["extract", "-s", "|", testdata("casync-small.caibx"), "b"], "a group has an empty member"],
  [["verify", "-s", "a|b"], "Cannot verify a|b: it is a group of stores (name one of them)"],
  [
    ["prune", "-y", "-s", "http://a|http://b", testdata("casync-small.caibx")],
    "Cannot prune http://a|http://b: it is a group of stores (name one of them)",
  ],
  [
    ["verify", "-s", "http://127.0.0.1:1/store"],
    "Cannot verify http://127.0.0.1:1/store: its chunks cannot be listed from here (run this on the machine",
  ],
  [
    ["cache", "-s", "http://127.0.0.1:1", "-c", "a|b", testdata("casync-small.caibx")],
    "Cannot store chunks in a|b: a group of stores is only read (name one of its stores)",
  ],
  [
    [
      "extract",
      "-s",
      testdata("tree.castr"),
      "-c",
      "http://u:p@a|http://b",
      testdata("casync-small.caibx"),
      "b",
    ],
    "Cannot use http://a|http://b as the cache: a group of stores is only read",
  ],
  [
    ["extract", "-s", "oci+http://u@h/p", testdata("casync-small.caibx"), "b"],
    "oci+http://h/p",
    "not supported yet",
  ],
  [
    ["extract", "-s", "sftp://u:p@h/p", testdata("casync-small.caibx"), "b"],
    "Cannot use sftp://u@h/p: ssh takes no password from a URL",
  ],
  [
    ["extract", "-s", "sftp://u@h/", testdata("casync-small.caibx"), "b"],
    "Cannot use sftp://u@h/: it names no directory on the host",
  ],
  [["extract", "gs://b/x.caibx", "b"], "gs://b/x.caibx", "not supported yet"],
  [["extract", "s3+https://h/x.caibx", "b"], "Cannot use s3+https://h/: it has no bucket"],
  [
    ["make", "ssh://h/x.caibx", testdata("README.md")],
    "Cannot write ssh://h/x.caibx: ssh:// is not supported (use a file, http://, https://, sftp://, s3+http:// or s3+https://)",
  ],
  [
    ["make", "http://u:p@h/?q", testdata("README.md")],
    "Cannot write http://h/: the URL has no name of an index",
  ],
  [["make", "x.caibx", "sftp://u:p@h/x"], "Cannot read sftp://h/x: sftp:// is not supported"],
  [["extract", "x.caibx", "http://u:p@h/b"], "Cannot write http://h/b"],
  [["cat", "x.caibx", "http://h/b"], "Cannot write http://h/b"],
  [["untar", "x.catar", "http://h/b"], "Cannot write http://h/b"],
  [["tar", "x.catar", "http://h/b"], "Cannot read http://h/b"],
  [["tar", "s3+http://h/b", "."], "Cannot write s3+http://h/b: s3+http:// is not supported"],
  [["inspect-chunks", "x.caibx", "http://h/b"], "Cannot write http://h/b"],
  [["chunk", "-"], "Cannot read standard input: this command needs a file"],
  [
    ["extract", "ssh://me@h/x.caibx", "b"],
    "ssh://me@h/x.caibx: ssh:// is not supported (use a file, http://, https://, sftp://, s3+http:// or s3+https://)",
  ],
  [["extract", "--client-cert", "x", "http://127.0.0.1/x", "b"], "Missing option --client-key"],
  [["extract", testdata("casync-small.caibx"), "b"], "Missing option -s, --store"],
  [["untar", "-i", testdata("tree.caidx"), "b"], "Missing option -s, --store"],
  [["chop", testdata("casync-small.caibx"), testdata("README.md")], "Missing option -s, --store"],
  [["cache", testdata("casync-small.caibx")], "Missing option -s, --store"],
  [["cache", "-s", ".", testdata("casync-small.caibx")], "Missing option -c, --cache"],
  [["prune", testdata("casync-small.caibx")], "Missing option -s, --store"],
  [["prune", "-s", "."], "Missing argument <index>", "--keep-chunks"],
  [
    ["prune", "-s", "ssh://h/x", testdata("casync-small.caibx")],
    "Cannot prune ssh://h/x",
    "on the machine that has the store",
  ],
  [["verify"], "Missing option -s, --store"],
  [["extract", "-s", "nothing://x", testdata("casync-small.caibx"), "b"], "nothing"],
  [["extract", "-s", "ftp://u:secret@x/y", testdata("casync-small.caibx"), "b"], "ftp://x/y"],
];
for (const [args, ...says] of wrong) {
  Deno.test(`wrong usage: ${args.join(" ")}`, async () => {
    const result = await runCli(args);
    assertFails(result, 2, ...says);
    strictEqual(result.stdout, "");
  });
}

Deno.test("without a command, the usage is printed", async () => {
  const result = await runCli([]);
  assertFails(result, 2, "--help");
});

Deno.test("--version and --help", async () => {
  const version = await runCli(["--version"]);
  deepStrictEqual([version.code, version.stderr], [0, ""]);
  const config: { version: string } = JSON.parse(
    Deno.readTextFileSync(new URL("../../../deno.json", import.meta.url)),
  );
  ok(version.stdout.startsWith(`desync ${config.version} (deno ${Deno.version.deno}`), version.stdout);
  const help = await runCli(["--help"]);
  deepStrictEqual([help.code, help.stderr], [0, ""]);
  strictEqual((await runCli(["help"])).stdout, help.stdout);
  const extract = await runCli(["extract", "--help"]);
  deepStrictEqual([extract.code, extract.stderr], [0, ""]);
  strictEqual((await runCli(["help", "extract"])).stdout, extract.stdout);
  strictEqual((await runCli(["--help", "extract"])).stdout, extract.stdout);
  strictEqual((await runCli(["-h", "extract"])).stdout, extract.stdout);
  strictEqual((await runCli(["version"])).stdout, version.stdout);
});

Deno.test("options as Go's flags are written: with =, before and after, switches with a value", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const target = dir.path("target");
  for (
    const args of [
      [`--store=${made.store}`, made.index, target],
      [made.index, target, "-s", made.store],
      [made.index, "-s", made.store, target, "--in-place=false", "--print-stats=false"],
      [
        "--in-place=true",
        "--verbose=false",
        "-n=2",
        `-s=${made.store}`,
        "-r=false",
        "--",
        made.index,
        target,
      ],
      ["-e=0", "-b=1m30s", "--timeout=1.5s", "-s", made.store, made.index, target],
    ]
  ) {
    const result = await runCli(["extract", ...args]);
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""], args.join(" "));
    sameBytes(Deno.readFileSync(target), made.bytes);
    Deno.removeSync(target);
  }
});

Deno.test("--verbose adds the cause and where it arose", async () => {
  using dir = tempDir();
  const none = dir.path("none");
  const result = await runCli(["list-chunks", none, "--verbose"]);
  strictEqual(result.code, 1);
  const [first, ...more] = result.stderr.split("\n");
  ok(first.startsWith("desync: Cannot read the index"), first);
  ok(more.some((line) => /^ +at /.test(line)), result.stderr);
});
