import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { directory, file, symlink } from "../../support/data/archive_bytes.ts";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { withZeros } from "../../support/data/desync_mtree.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { peers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";

const index = ["-i", "-s", testdata("tree.castr"), testdata("tree.caidx")];
const expected = withZeros(Deno.readTextFileSync(testdata("desync-tree.mtree")));

/** What desync prints of it. */
const theirs = async (...args: string[]) => withZeros((await run(peers.desync, args)).stdout);

Deno.test("mtree of a file, of standard input, of a URL and of an index is the same", async () => {
  const archive = Deno.readFileSync(testdata("tree.catar"));
  await using server = await startFaultyServer({ "/tree.catar": { body: archive } });
  const ways: [string[], Uint8Array?][] = [
    [[testdata("tree.catar")]],
    [["-"], archive],
    [[`${server.url}/tree.catar`]],
    [index],
    [["-i", "-s", testdata("tree.castr"), "-"], Deno.readFileSync(testdata("tree.caidx"))],
  ];
  for (const [args, stdin] of ways) {
    const result = await runCli(["mtree", ...args], { stdin });
    deepStrictEqual([result.code, result.stderr], [0, ""], args.join(" "));
    strictEqual(result.stdout, expected, args.join(" "));
  }
});

for (const name of ["tree.catar", "desync-tree.catar"]) {
  Deno.test({
    name: `mtree of ${name} is what desync prints, with both digests`,
    ignore: !peers.desync,
    fn: async () => {
      for (const digest of [[], ["--digest", "sha256"]]) {
        const ours = await runCli([...digest, "mtree", testdata(name)]);
        strictEqual(ours.stdout, await theirs(...digest, "mtree", testdata(name)));
      }
    },
  });
}

for (const name of ["tree.catar", "desync-tree.catar", "nodes.catar"]) {
  Deno.test({
    name: `list of ${name} is what casync prints`,
    ignore: !peers.casync,
    fn: async () => {
      const ours = await runCli(["list", testdata(name)]);
      deepStrictEqual([ours.code, ours.stderr], [0, ""]);
      strictEqual(ours.stdout, (await run(peers.casync, ["list", testdata(name)])).stdout);
    },
  });
}

Deno.test("list of an index is that of its archive", async () => {
  const fromIndex = await runCli(["list", ...index]);
  strictEqual(fromIndex.stdout, (await runCli(["list", testdata("tree.catar")])).stdout);
});

Deno.test("mtree and list report what they cannot read", async () => {
  using dir = tempDir();
  await using server = await startFaultyServer({
    "/short": { body: "abc", length: 100 },
    "/none": { status: 404 },
    "/silent": { cut: { after: "request", by: "silence" } },
  });
  const short = dir.write("short.catar", directory([["a", file("x")]]).subarray(0, 100));
  const text = dir.write("text", "this is not an archive, but it is long enough to be one");
  for (const command of ["mtree", "list"]) {
    assertFails(await runCli([command, dir.path("none")]), 1, dir.path("none"), "no such file");
    assertFails(await runCli([command, text]), 1, text, "not a valid archive", "unknown type");
    assertFails(await runCli([command, testdata("tree.caidx")]), 1, "it is an index", "-i");
    assertFails(await runCli([command, "-i", testdata("tree.caidx")]), 2, "-s");
    assertFails(await runCli([command, "-i", testdata("tree.catar")]), 1, "not a valid index");
    assertFails(await runCli([command, `${server.url}/none`]), 1, "404");
  }
  const url = `${server.url}/short`.replace("//", "//user:secret@");
  const cut = await runCli(["list", url]);
  assertFails(cut, 1, `${server.url}/short`);
  strictEqual(cut.stderr.includes("secret"), false);
  assertFails(await runCli(["list", "--timeout", "300ms", `${server.url}/silent`]), 1, "no answer");
  const partly = await runCli(["list", short]);
  strictEqual(partly.stdout, "drwxr-xr-x .\n");
  assertFails(partly, 1, short, "ends after 100 bytes");
  assertFails(await runCli(["mtree"]), 2, "archive");
});

Deno.test("mtree of an index with a missing chunk names the chunk", async () => {
  using dir = tempDir();
  const result = await runCli(["mtree", "-i", "-s", dir.dir("store"), testdata("tree.caidx")]);
  assertFails(result, 1, /[0-9a-f]{64}/);
});

Deno.test({
  name: "mtree and list of a directory are those of its archive, and those that desync and casync print",
  ignore: !peers.casync || !peers.desync || Deno.uid() !== 0,
  fn: async () => {
    using dir = tempDir();
    const tree = dir.path("tree");
    await run(peers.casync, ["extract", testdata("tree.catar"), tree]);
    strictEqual((await runCli(["mtree", tree])).stdout, expected);
    strictEqual(await theirs("mtree", tree), expected);
    strictEqual((await runCli(["list", tree])).stdout, (await run(peers.casync, ["list", tree])).stdout);
    const nodes = dir.path("nodes");
    await run(peers.casync, ["extract", testdata("nodes.catar"), nodes]);
    for (const command of ["mtree", "list"]) {
      const [ofFolder, ofArchive] = [
        await runCli([command, nodes]),
        await runCli([command, testdata("nodes.catar")]),
      ];
      deepStrictEqual([ofFolder.code, ofFolder.stderr, ofFolder.stdout], [0, "", ofArchive.stdout]);
    }
  },
});

Deno.test({
  name: "mtree has all nanoseconds of all times, as casync has them",
  ignore: !peers.casync,
  fn: async () => {
    using dir = tempDir();
    for (const nanoseconds of [0n, 5n, 99_999_999n, 100_000_000n]) {
      const mtime = 1_700_000_000_000_000_000n + nanoseconds;
      const archive = dir.write(
        "a.catar",
        directory([["d", directory([], { mtime })], ["f", file("x", { mtime })], [
          "l",
          symlink("f", { mtime }),
        ]], {
          mtime,
        }),
      );
      const times = (text: string) =>
        text.split("\n").map((line) => /\btime=.*?(?= |$)/.exec(line)?.[0]).filter(Boolean);
      const ours = times((await runCli(["mtree", archive])).stdout);
      strictEqual(ours.length, 4);
      deepStrictEqual(ours, times((await run(peers.casync, ["mtree", archive])).stdout));
    }
  },
});

Deno.test({
  name: "names that are not UTF-8, and those that would break lines: as desync and casync print them",
  ignore: !peers.casync || !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const names = ["a\nb", "h#x", "sp ace", Uint8Array.of(0x80), "ü", Uint8Array.of(0xff, 0x41)];
    const archive = dir.write(
      "a.catar",
      directory([
        ...names.map((name): [string | Uint8Array, Uint8Array] => [name, file("x")]),
        [Uint8Array.of(0xff, 0xff), symlink(Uint8Array.of(0xfe, 0x2f, 0x74))],
      ]),
    );
    const [listed, mtree] = [await runCli(["list", archive]), await runCli(["mtree", archive])];
    deepStrictEqual([listed.code, listed.stderr, mtree.code, mtree.stderr], [0, "", 0, ""]);
    strictEqual(listed.stdout, (await run(peers.casync, ["list", archive])).stdout);
    strictEqual(mtree.stdout, await theirs("mtree", archive));
  },
});
