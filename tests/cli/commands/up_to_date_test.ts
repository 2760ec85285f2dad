/** extract of what is there already: nothing is written, and that can be seen. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { type Made, makeBlob, somePieces } from "../../support/made.ts";
import { Random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { share } from "../../support/thorough.ts";

const noise = new Random(11);
const kinds = Array.from({ length: 40 }, () => noise.bytes(500));
/** So many that some are looked at before the others. */
const pieces = [...Array.from({ length: 400 }, (_, i) => kinds[i % kinds.length]), ...somePieces()];

const OLD = new Date("2001-02-03T04:05:06Z");

/** A target with these bytes, last changed long ago. */
function oldTarget(dir: TempDir, bytes: Uint8Array): string {
  const target = dir.write("target", bytes);
  Deno.utimeSync(target, OLD, OLD);
  return target;
}

/** Extracts, and returns the status and whether the statistics say that it was up to date. */
async function extract(made: Made, target: string, ...options: string[]): Promise<[number, boolean]> {
  const args = ["extract", "--detailed-exit-status", "--print-stats", ...options, "-s", made.store];
  const result = await runCli([...args, made.index, target]);
  strictEqual(result.stderr, "");
  sameBytes(Deno.readFileSync(target), made.bytes);
  const statistics = JSON.parse(result.stdout) as Record<string, unknown>;
  strictEqual(statistics["bytes-total"], made.bytes.length);
  return [result.code, statistics["up-to-date"] as boolean];
}

for (const options of [[], ["-k"]]) {
  const how = options.join("") || "beside";
  Deno.test(`${how}: a file that is the blob already is not touched, and no chunk is read`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, pieces);
    const target = oldTarget(dir, made.bytes);
    const before = Deno.statSync(target);
    Deno.removeSync(made.store, { recursive: true });
    Deno.mkdirSync(made.store);
    deepStrictEqual(await extract(made, target, ...options), [4, true]);
    const after = Deno.statSync(target);
    deepStrictEqual([after.ino, after.mtime, after.ctime], [before.ino, OLD, before.ctime]);
    // Without the option for it the status is that of all that is done.
    const plain = await runCli(["extract", ...options, "-s", made.store, made.index, target]);
    deepStrictEqual([plain.code, plain.stdout, plain.stderr], [0, "", ""]);
  });

  Deno.test(`${how}: a file that differs anywhere is written`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, pieces);
    const { bytes } = made;
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    const wrong = share([0, 700, 123_456, bytes.length - 1], 2).map((at) => {
      const copy = bytes.slice();
      copy[at] ^= 1;
      return copy;
    });
    for (const content of [...wrong, bytes.subarray(0, -1), longer, new Uint8Array(0)]) {
      deepStrictEqual(await extract(made, oldTarget(dir, content), ...options), [0, false]);
    }
    Deno.removeSync(dir.path("target"));
    deepStrictEqual(await extract(made, dir.path("target"), ...options), [0, false]);
  });

  Deno.test(`${how}: an empty blob`, async () => {
    using dir = tempDir();
    const made = makeBlob(dir, []);
    deepStrictEqual(await extract(made, dir.path("target"), ...options), [0, false]);
    deepStrictEqual(await extract(made, dir.path("target"), ...options), [4, true]);
    dir.write("target", "something");
    deepStrictEqual(await extract(made, dir.path("target"), ...options), [0, false]);
  });
}

Deno.test({
  name: "a symlink to the blob becomes a file",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    dir.write("file", made.bytes);
    Deno.symlinkSync("file", dir.path("target"));
    deepStrictEqual(await extract(made, dir.path("target")), [0, false]);
    ok(Deno.lstatSync(dir.path("target")).isFile);
  },
});

Deno.test("statistics go to standard output, those of make where desync prints them", async () => {
  using dir = tempDir();
  const file = dir.write("tree/file", noise.bytes(1000));
  const index = dir.path("x.caibx");
  const isObject = (text: string) => typeof JSON.parse(text) === "object";
  const packed = await runCli(["tar", "--print-stats", dir.path("x.catar"), dir.path("tree")]);
  deepStrictEqual([packed.code, isObject(packed.stdout), packed.stderr], [0, true, ""]);
  // There the archive is on standard output.
  const streamed = await runCli(["tar", "--print-stats", "-", dir.path("tree")]);
  deepStrictEqual([streamed.code, isObject(streamed.stderr)], [0, true]);
  sameBytes(streamed.stdoutBytes, Deno.readFileSync(dir.path("x.catar")));
  const made = await runCli(["make", "--print-stats", index, file]);
  deepStrictEqual([made.code, made.stdout, isObject(made.stderr)], [0, "", true]);
});
