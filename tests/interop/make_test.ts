/** `make` against the real casync: the same index, byte for byte, and the same chunks. Who reads them: matrix_test.ts. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { cutPoints } from "../../src/chunker/find.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { dataOfAllKinds } from "../chunker/reference.ts";
import { runCli } from "../support/cli.ts";
import { filesIn } from "../support/files.ts";
import { joined } from "../support/data/joined.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { Random, random } from "../support/random.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { blob, smallBlob } from "../support/testdata.ts";
import { amount, share, takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const MiB = 1024 * 1024;
const defaultSizes = "16384:65536:262144";

/** `-m` for sizes in bytes. */
const inBytes = (sizes: string) => sizes.split(":").map((size) => `${size}b`).join(":");

/** The index that casync makes of the file, and its store `theirs`. */
async function casyncMakes(dir: TempDir, file: string, sizes: string, digest?: string): Promise<Uint8Array> {
  const options = digest === undefined ? [] : [`--digest=${digest}`];
  const index = dir.path("theirs.caibx");
  const args = [`--store=${dir.path("theirs")}`, `--chunk-size=${sizes}`, ...options, index, file];
  await run(peers.casync, ["make", ...args]);
  return Deno.readFileSync(index);
}

/** The index that this program makes of it. */
async function weMake(dir: TempDir, file: string, sizes: string, ...more: string[]): Promise<Uint8Array> {
  const index = dir.path("ours.caibx");
  const result = await runCli(["make", "-m", inBytes(sizes), ...more, index, file]);
  deepStrictEqual([result.code, result.stdout, result.stderr], [0, "", ""]);
  return Deno.readFileSync(index);
}

const tables: [sizes: string, length: number][] = [
  [defaultSizes, amount(1_000_000, 3_000_000)],
  ["1024:4096:16384", 400_000],
  ["16:64:256", 10_000],
  ["1:200:1000", 20_000],
  ["47:256:1024", 20_000],
  ["100:100:400", 20_000],
  ["4096:4096:4096", 400_000],
  ["10:10:10", 1003],
];
for (const [turn, [sizes, length]] of tables.entries()) {
  Deno.test({
    name: `make writes casync's index of any data, byte for byte, with sizes ${sizes}`,
    ignore: !peers.casync,
    fn: async () => {
      using dir = tempDir();
      const kinds = Object.entries(dataOfAllKinds(random(), length));
      for (const [kind, bytes] of share(kinds, 1, turn)) {
        const file = dir.write(kind, bytes);
        deepStrictEqual(await weMake(dir, file, sizes), await casyncMakes(dir, file, sizes), kind);
      }
    },
  });
}

Deno.test({
  name: "make writes casync's index of files of a special length",
  ignore: !peers.casync,
  fn: async () => {
    using dir = tempDir();
    const bytes = new Random(6).bytes(70_000);
    for (const length of share([0, 1, 47, 48, 1023, 1024, 1025, 16383, 16384, 16385, 32768], 5)) {
      const file = dir.write("file", bytes.subarray(0, length));
      const made = await weMake(dir, file, "1024:4096:16384");
      deepStrictEqual(made, await casyncMakes(dir, file, "1024:4096:16384"), `${length} bytes`);
      strictEqual(parseIndex(made).size, length);
    }
    const zeros = dir.write("zeros", new Uint8Array(32768));
    const made = await weMake(dir, zeros, "1024:4096:16384");
    deepStrictEqual(made, await casyncMakes(dir, zeros, "1024:4096:16384"));
    deepStrictEqual([...parseIndex(made).ends], [16384, 32768], "exactly two of the largest chunks");
  },
});

Deno.test({
  name: "make cuts like casync where scanned parts meet",
  ignore: !peers.casync,
  fn: async () => {
    using dir = tempDir();
    const [min, avg, max] = defaultSizes.split(":").map(Number);
    const noise = new Random(1).bytes(MiB);
    // Bytes after which there is a cut, put into zeros so that they end near the borders of 4 MiB.
    const cut = cutPoints(noise, { min, avg, max }).find((cut, i, cuts) => cut - (cuts[i - 1] ?? 0) < max)!;
    const window = noise.subarray(cut - 48, cut);
    const shifts = share([-1, 0, 1, 24, 47, 48], 3);
    const borders = shifts.map((shift, i) => (i + 1) * 4 * MiB + shift);
    const ends = borders.flatMap((border) => [border - 100_000, border]);
    const bytes = new Uint8Array((4 * shifts.length + 4) * MiB + 5);
    for (const end of ends) bytes.set(window, end - 48);
    const file = dir.write("file", bytes);
    const made = await weMake(dir, file, defaultSizes);
    ok(ends.every((end) => parseIndex(made).ends.includes(end)), "the cuts are there");
    deepStrictEqual(made, await casyncMakes(dir, file, defaultSizes));
  },
});

Deno.test({
  name: "make writes casync's index with chunks that are larger than a part that is scanned",
  ignore: !peers.casync,
  fn: async () => {
    using dir = tempDir();
    const noise = new Random(2).bytes(amount(1, 2) * MiB);
    const bytes = joined([noise, new Uint8Array(amount(12, 20) * MiB), noise, noise]);
    const file = dir.write("file", bytes);
    const sizes = `${MiB}:${4 * MiB}:${16 * MiB}`;
    const made = await weMake(dir, file, sizes, "-s", dir.path("ours"));
    deepStrictEqual(made, await casyncMakes(dir, file, sizes));
    ok(
      Math.max(...Array.from({ length: parseIndex(made).count }, (_, i) => parseIndex(made).length(i))) >
        8 * MiB,
    );
    deepStrictEqual(filesIn(dir.path("ours")), filesIn(dir.path("theirs")));
    await run(peers.casync, [
      "extract",
      `--store=${dir.path("ours")}`,
      dir.path("ours.caibx"),
      dir.path("out"),
    ]);
    sameBytes(Deno.readFileSync(dir.path("out")), bytes);
  },
});

const stored: [name: string, bytes: () => Uint8Array, sizes: string, digest?: "sha256"][] = [
  ["a blob of all kinds", blob, defaultSizes],
  ["a blob of all kinds, with sha256", smallBlob, "1024:4096:16384", "sha256"],
  ["a blob of all kinds in fixed sizes", smallBlob, "4096:4096:4096"],
  ["a blob in tiny chunks", () => smallBlob().subarray(50_000, amount(60_000, 80_000)), "16:64:256"],
  ["one byte", () => Uint8Array.of(65), defaultSizes],
];
for (const [name, makeBytes, sizes, digest] of stored) {
  Deno.test({
    name: `make writes casync's index and stores its chunks: ${name}, ${sizes}`,
    ignore: !peers.casync,
    fn: async () => {
      using dir = tempDir();
      const file = dir.write("file", makeBytes());
      const more = digest === undefined ? [] : ["--digest", digest];
      const theirs = await casyncMakes(dir, file, sizes, digest);
      deepStrictEqual(await weMake(dir, file, sizes, "-s", dir.path("ours"), ...more), theirs);
      deepStrictEqual(filesIn(dir.path("ours")), filesIn(dir.path("theirs")));
      const checked = await runCli(["verify", "-s", dir.path("ours"), ...more]);
      deepStrictEqual([checked.code, checked.stdout, checked.stderr], [0, "", ""]);
    },
  });
}

inTurn()({
  name: "casync and desync take chunks of any level, and incompressible ones",
  ignore: !peers.casync || !peers.desync,
  fn: async () => {
    using dir = tempDir();
    const bytes = joined([new Random(3).bytes(600_000), blob()]);
    const file = dir.write("file", bytes);
    const sizeOf = new Map<string, number>();
    for (const level of share(["3", "1", "22", "19"], 2)) {
      const store = dir.path(`level-${level}`);
      await weMake(dir, file, defaultSizes, "-s", store, "--compression-level", level);
      const index = dir.path("ours.caibx");
      const outs = [dir.path(`casync-${level}`), dir.path(`desync-${level}`)];
      await run(peers.casync, ["extract", `--store=${store}`, index, outs[0]]);
      await run(peers.desync, ["extract", "-s", store, index, outs[1]]);
      for (const out of outs) deepStrictEqual(Deno.readFileSync(out), bytes, `level ${level}`);
      await run(peers.desync, ["verify", "-s", store]);
      const size = filesIn(store).reduce((sum, name) => sum + Deno.statSync(`${store}/${name}`).size, 0);
      sizeOf.set(level, size);
    }
    ok(sizeOf.get("19")! < sizeOf.get("3")!, "the level matters");
    const again = dir.path("default");
    await weMake(dir, file, defaultSizes, "-s", again);
    const names = filesIn(again);
    strictEqual(names.reduce((sum, n) => sum + Deno.statSync(`${again}/${n}`).size, 0), sizeOf.get("3"));
  },
});

inTurn()({
  name: "make of an archive takes over its feature flags, so that casync unpacks the index",
  ignore: !peers.casync,
  fn: async () => {
    using dir = tempDir();
    dir.write("tree/file", random().bytes(50_000));
    const choices = [[], ["--with=unix"], ["--without=all"], ["--exclude-nodump=no"], ["--digest=sha256"]];
    for (const [i, options] of share(choices, 3).entries()) {
      const archive = dir.path(`${i}.catar`);
      await run(peers.casync, ["make", ...options, archive, dir.path("tree")]);
      const features = new DataView(Deno.readFileSync(archive).buffer).getBigUint64(16, true);
      const digest = options.filter((option) => option.startsWith("--digest"));
      const fromInput = await runCli(
        ["make", "-s", dir.path("store"), ...digest, dir.path("in.caidx"), "-"],
        {
          stdin: Deno.readFileSync(archive),
        },
      );
      deepStrictEqual([fromInput.code, fromInput.stderr], [0, ""]);
      const made = await weMake(dir, archive, "1:64:256", ...digest);
      deepStrictEqual(
        await weMake(dir, archive, defaultSizes, "-s", dir.path("store"), ...digest),
        Deno.readFileSync(dir.path("in.caidx")),
      );
      strictEqual(parseIndex(made).flags, features, options.join());
      const target = dir.path(`unpacked-${i}`);
      await run(peers.casync, ["extract", `--store=${dir.path("store")}`, dir.path("in.caidx"), target]);
      deepStrictEqual(Deno.readFileSync(`${target}/file`), Deno.readFileSync(dir.path("tree/file")));
    }
    // Its digest's flag is the index's own.
    const made = await weMake(dir, dir.path("0.catar"), defaultSizes, "--digest=sha256");
    strictEqual(parseIndex(made).digest, "sha256");
    // What only looks like the start of one is a blob.
    const start = Deno.readFileSync(dir.path("0.catar"));
    for (const blob of [start.subarray(0, 23), start.with(8, 0)]) {
      const file = dir.write("blob", blob);
      deepStrictEqual(await weMake(dir, file, defaultSizes), await casyncMakes(dir, file, defaultSizes));
    }
  },
});
