import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { exists } from "../../support/exists.ts";
import { xzOfPrograms } from "../../support/data/xz.ts";
import { assertFails } from "../../support/failure.ts";
import { makeBlob, somePieces, stored, zstdBomb } from "../../support/made.ts";
import { canMeasureMemory, runCliMeasured } from "../../support/system/peak_memory.ts";
import { Random } from "../../support/random.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { canDropPrivileges, runCliUnprivileged } from "../../support/system/without_privileges.ts";

for (
  const [store, digest] of [
    ["casync-zstd.castr", "sha512-256"],
    ["casync-gzip.castr", "sha512-256"],
    ["casync-sha256.castr", "sha256"],
    ["desync-zstd.castr", "sha512-256"],
    ["desync-uncompressed.castr", "sha512-256"],
    ["tree.castr", "sha512-256"],
  ]
) {
  Deno.test(`verify finds nothing wrong with ${store}`, async () => {
    const result = await runCli(["verify", "-s", testdata(store), "--digest", digest]);
    deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
  });
}

Deno.test("verify prints invalid chunks, one per line, and removes them only with -r", async () => {
  using dir = tempDir();
  const pieces = Array.from({ length: 50 }, (_, i) => new Random(i + 1).bytes(3000));
  const made = makeBlob(dir, pieces);
  const damage = (piece: number, bytes: Uint8Array) => Deno.writeFileSync(made.chunk(piece), bytes);
  const good = Deno.readFileSync(made.chunk(1));
  damage(1, good.with(100, good[100] ^ 4));
  damage(2, new Uint8Array(0));
  damage(3, good);
  damage(4, good.subarray(0, 1000));
  damage(5, zstdBomb(20_000));
  const plain = makeBlob(dir, [new Random(99).bytes(10)], { form: "plain" });
  Deno.writeFileSync(plain.chunk(0), good);
  const invalid = [...made.ids.slice(1, 6), ...plain.ids].sort();
  const lines = (stdout: string) => stdout.trimEnd().split("\n");
  const idOf = (line: string) => line.slice("invalid chunk ".length).split(":")[0];

  for (const n of [[], ["-n", "1"]]) {
    const told = await runCli(["verify", "-s", made.store, ...n]);
    strictEqual(told.code, 1);
    strictEqual(told.stderr, "");
    deepStrictEqual(lines(told.stdout).map(idOf).sort(), invalid);
    ok(lines(told.stdout).every((line) => /^invalid chunk [0-9a-f]{64}: \S.*[^:]$/.test(line)), told.stdout);
  }
  ok([1, 2, 3, 4, 5].every((piece) => exists(made.chunk(piece))));

  const removed = await runCli(["verify", "-r", "-s", made.store]);
  strictEqual(removed.code, 3);
  deepStrictEqual(lines(removed.stdout).map(idOf).sort(), invalid);
  ok(lines(removed.stdout).every((line) => line.endsWith(": removed")), removed.stdout);
  ok(![1, 2, 3, 4, 5].some((piece) => exists(made.chunk(piece))) && !exists(plain.chunk(0)));
  ok([0, ...pieces.keys()].filter((piece) => piece > 5 || piece === 0).every((p) => exists(made.chunk(p))));

  const clean = await runCli(["verify", "--repair", "-s", made.store]);
  deepStrictEqual([clean.code, clean.stdout, clean.stderr], [0, "", ""]);
});

Deno.test("verify does not touch files that are not chunks", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  const id = made.ids[0];
  const others = [
    "readme.txt",
    "abcd/.tmp-cacnk12345",
    "abcd/notes.cacnk",
    `abcd/${id}`, // in a folder that is not its own
    `${id.slice(0, 4)}/${id}.cacnk.bak`,
    `${id.slice(0, 4)}/${id.toUpperCase().replace(/^(....)/, "$1")}X`,
    `ABCD/${id}.cacnk`,
    `other/${id}.cacnk`,
  ];
  for (const name of others) dir.write(`blob/${name}`, "junk");
  dir.dir("blob/abcd/folder.cacnk");
  const result = await runCli(["verify", "-r", "-s", made.store]);
  deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
  for (const name of others) strictEqual(Deno.readTextFileSync(dir.path("blob", name)), "junk");
});

Deno.test("a chunk that cannot be read is reported on stderr and not removed", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  Deno.writeFileSync(made.chunk(0), xzOfPrograms());
  const result = await runCli(["verify", "-r", "-s", made.store]);
  assertFails(result, 1, made.ids[0], made.store, /\bxz\b/);
  strictEqual(result.stdout, "");
  ok(exists(made.chunk(0)));
});

Deno.test({
  name: "verify reports once why a chunk could not be read",
  ignore: !canDropPrivileges,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    Deno.chmodSync(made.chunk(0), 0);
    const result = await runCliUnprivileged(["verify", "-s", made.store]);
    assertFails(result, 1);
    strictEqual(result.stderr, `desync: Cannot read ${made.chunk(0)}: permission denied\n`);
  },
});

Deno.test("verify reports a wrong --digest, and removes nothing that is valid under the other", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces(), { digest: "sha256" });
  const result = await runCli(["verify", "-r", "-s", made.store]);
  assertFails(result, 1, "3 chunks in ", made.store, "--digest sha256");
  strictEqual(result.stdout, "");
  const right = await runCli(["verify", "-r", "--digest", "sha256", "-s", made.store]);
  deepStrictEqual([right.code, right.stdout, right.stderr], [0, "", ""]);
  ok([0, 1, 2].every((piece) => exists(made.chunk(piece))), "nothing lost");
});

Deno.test("verify with wrong arguments", async () => {
  using dir = tempDir();
  const none = dir.path("none");
  const file = dir.write("file", "x");
  assertFails(await runCli(["verify"]), 2, "-s");
  assertFails(await runCli(["verify", "-s", none]), 1, none, "no such directory");
  assertFails(await runCli(["verify", "-s", file]), 1, file, "not a directory");
  assertFails(await runCli(["verify", "-s", "http://127.0.0.1/"]), 2, "cannot be listed from here");
  assertFails(
    await runCli(["verify", "-s", "s3://host/bucket"]),
    2,
    "s3:// is not supported (use a directory, ",
  );
  assertFails(await runCli(["verify", "-s", file, "-s", none]), 1, none, "no such directory");
  assertFails(await runCli(["verify", "-s", none, "more"]), 2, /argument/);
  assertFails(await runCli(["verify", "-s", none, "-n", "0"]), 2, "at least 1");
  assertFails(await runCli(["verify", "-s", none, "--digest", "md5"]), 2, "sha512-256, sha256");
});

Deno.test({
  name: "verify needs no more memory for a bomb than for the largest chunk that there can be",
  ignore: !canMeasureMemory,
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, [new Uint8Array(1)]);
    Deno.writeFileSync(made.chunk(0), zstdBomb(20_000));
    const { code, peak, stdout } = await runCliMeasured(["verify", "-s", made.store]);
    strictEqual(code, 1);
    ok(stdout.includes("more than 134217728 bytes"), stdout);
    ok(peak < 600e6, `${peak} bytes`);
  },
});

Deno.test("verify shows its progress in lines that parse", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  Deno.writeFileSync(made.chunk(0), stored(new Uint8Array(5), "zstd"));
  const { code, stdout, stderr } = await runCli(["verify", "-s", made.store, "--progress=json"]);
  strictEqual(code, 1);
  ok(stdout.startsWith(`invalid chunk ${made.ids[0]}`));
  const last = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "");
  deepStrictEqual([last.done, last.total], [3, 3]);
});
