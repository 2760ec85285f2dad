/** Blobs out of seeds: what they have is not fetched, and whatever they have instead is never written. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { extractToFile, type ExtractToFileOptions } from "../../src/deno/extract_to_file.ts";
import { makeFromFile } from "../../src/deno/make.ts";
import type { DesyncError } from "../../src/core/errors.ts";
import { Progress } from "../../src/core/progress.ts";
import type { Index } from "../../src/formats/index/index.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import type { WritableChunkStore } from "../../src/stores/store.ts";
import { run } from "../support/process.ts";
import { random } from "../support/random.ts";
import { attachLoopDevice, hasLoopDevices } from "../support/system/loop_device.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { type TempDir, tempDir } from "../support/temp.ts";

const sizes = { min: 1024, avg: 4096, max: 16384 };

/** The C library, once loaded, stays until the program ends. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, sanitizeResources: false, fn });
}

/** A blob with its index and a store that counts what it is asked for. */
interface Blob {
  readonly bytes: Uint8Array;
  readonly index: Index;
  readonly store: WritableChunkStore;
  readonly asked: Set<string>;
}

async function blobOf(dir: TempDir, bytes: Uint8Array): Promise<Blob> {
  const store = new MemoryStore();
  const { index } = await makeFromFile(dir.write("made", bytes), { store, sizes });
  const asked = new Set<string>();
  const counted = wrapStore(store, (send, { name, id }) => {
    if (name === "get" && id !== undefined) asked.add(id);
    return send();
  });
  return { bytes, index, store: counted, asked };
}

/** The bytes with others put in, taken out and changed. */
function changed(bytes: Uint8Array, generator = random(3)): Uint8Array {
  const half = bytes.length >>> 1;
  const copy = new Uint8Array(bytes.length + 1000);
  copy.set(generator.bytes(2000));
  copy.set(bytes.subarray(1000), 2000);
  copy.set(generator.bytes(5000), half);
  return copy;
}

/** Ids that one index has and the other has not. */
function missing(index: Index, seed: Index): Set<string> {
  const ids = (of: Index) => Array.from({ length: of.count }, (_, i) => of.id(i));
  const had = new Set(ids(seed));
  return new Set(ids(index).filter((id) => !had.has(id)));
}

async function extracts(
  dir: TempDir,
  { index, store, bytes }: Blob,
  options: ExtractToFileOptions,
): Promise<Progress> {
  const progress = new Progress();
  await extractToFile(index, { stores: [store] }, dir.path("target"), { progress, ...options });
  sameBytes(Deno.readFileSync(dir.path("target")), bytes);
  strictEqual(progress.done, index.size);
  return progress;
}

test("only the chunks that a seed lacks are fetched, with its index and without", async () => {
  using dir = tempDir();
  const old = random(1).bytes(600_000);
  const seed = dir.write("seed", old);
  const { index: seedIndex } = await makeFromFile(seed, { sizes });
  const blob = await blobOf(dir, changed(old));
  const lacking = missing(blob.index, seedIndex);
  ok(lacking.size > 2 && lacking.size < 20, String(lacking.size));
  for (const index of [seedIndex, undefined]) {
    for (const inPlace of [false, true]) {
      blob.asked.clear();
      const progress = await extracts(dir, blob, { seeds: [{ path: seed, index }], inPlace });
      deepStrictEqual(blob.asked, lacking);
      const from = progress.sources.find(({ origin }) => origin.kind === "seed");
      deepStrictEqual(from?.origin, { kind: "seed", location: seed });
      strictEqual(from.chunks + lacking.size, missing(blob.index, { count: 0 } as Index).size);
      Deno.removeSync(dir.path("target"));
    }
  }
});

test("of several seeds each gives what the others lack", async () => {
  using dir = tempDir();
  const generator = random(2);
  const parts = [generator.bytes(200_000), generator.bytes(200_000)];
  const seeds = parts.map((part, i) => ({ path: dir.write(`seed${i}`, part) }));
  const bytes = new Uint8Array(400_000);
  bytes.set(parts[1]);
  bytes.set(parts[0], 200_000);
  const blob = await blobOf(dir, bytes);
  const progress = await extracts(dir, blob, { seeds });
  ok(blob.asked.size <= 2, String(blob.asked.size));
  strictEqual(progress.sources.filter(({ origin }) => origin.kind === "seed").length, 2);
});

test("a seed that changed gives what it still has, once it may; else nothing is written", async () => {
  using dir = tempDir();
  const old = random(4).bytes(400_000);
  const blob = await blobOf(dir, changed(old));
  const seed = dir.write("seed", old);
  const { index } = await makeFromFile(seed, { sizes });
  const lacking = missing(blob.index, index);
  const spoiled = old.slice();
  spoiled.fill(0, 100_000, 130_000);
  for (const present of [spoiled, spoiled.subarray(0, 200_000), new Uint8Array(0)]) {
    dir.write("seed", present);
    const seeds = [{ path: seed, index }];
    await rejects(extracts(dir, blob, { seeds, invalidSeeds: "fail" }), { code: "invalid-index" });
    deepStrictEqual([...Deno.readDirSync(dir.root)].map(({ name }) => name).sort(), ["made", "seed"]);

    blob.asked.clear();
    const problems: DesyncError[] = [];
    const onSeedProblem = (error: DesyncError) => problems.push(error);
    await extracts(dir, blob, { seeds, onSeedProblem });
    ok(blob.asked.size > lacking.size, "what the seed lost is fetched");
    deepStrictEqual(problems.map(({ code }) => code), ["invalid-index"]);
    Deno.removeSync(dir.path("target"));

    blob.asked.clear();
    await extracts(dir, blob, { seeds, invalidSeeds: "regenerate" });
    const { index: now } = await makeFromFile(seed, { sizes });
    for (const id of missing(blob.index, now)) ok(blob.asked.has(id));
    Deno.removeSync(dir.path("target"));
  }
});

test("a seed whose index is that of something else altogether", async () => {
  using dir = tempDir();
  const blob = await blobOf(dir, random(5).bytes(300_000));
  const seed = dir.write("seed", random(6).bytes(300_000));
  await extracts(dir, blob, { seeds: [{ path: seed, index: blob.index }] });
  strictEqual(blob.asked.size, blob.index.count);
  blob.asked.clear();
  Deno.removeSync(dir.path("target"));
  // Cut anew, it has nothing.
  await extracts(dir, blob, { seeds: [{ path: seed, index: blob.index }], invalidSeeds: "regenerate" });
  strictEqual(blob.asked.size, blob.index.count);
});

test("another seed has what the first should have had", async () => {
  using dir = tempDir();
  const blob = await blobOf(dir, random(7).bytes(300_000));
  const empty = dir.write("empty", "");
  const good = dir.write("good", blob.bytes);
  const seeds = [empty, good].map((path) => ({ path, index: blob.index }));
  const progress = await extracts(dir, blob, { seeds });
  strictEqual(blob.asked.size, 0);
  deepStrictEqual(progress.sources.map(({ origin }) => origin), [{ kind: "seed", location: good }]);
});

test("the file that is replaced is a seed where there is a network between", async () => {
  using dir = tempDir();
  const old = random(8).bytes(1_000_000);
  const { index } = await makeFromFile(dir.write("target", old), { sizes });
  const blob = await blobOf(dir, changed(old));
  const unchanged = () => Deno.writeFileSync(dir.path("target"), old);
  for (const inPlace of [false, true]) {
    const progress = await extracts(dir, blob, { inPlace, outputAsSeed: false });
    strictEqual(progress.chunksFrom("seed", "self"), 0);
    ok(blob.asked.size > missing(blob.index, index).size);
    blob.asked.clear();
    unchanged();
  }
  const progress = await extracts(dir, blob, {});
  deepStrictEqual(blob.asked, missing(blob.index, index));
  ok(progress.chunksFrom("seed") > 0);
});

test("of a file of the blob's size only what differs is cut, and fetched", async () => {
  using dir = tempDir();
  const old = random(9).bytes(1_000_000);
  const bytes = old.slice();
  bytes.set(random(10).bytes(3000), 500_000);
  // Moved within the part that differs.
  bytes.set(old.subarray(500_000, 530_000), 540_000);
  const blob = await blobOf(dir, bytes);
  const { index } = await makeFromFile(dir.write("target", old), { sizes });
  await extracts(dir, blob, {});
  deepStrictEqual(blob.asked, missing(blob.index, index));
  blob.asked.clear();
  const progress = new Progress();
  const { upToDate } = await extractToFile(blob.index, { stores: [blob.store] }, dir.path("target"), {
    progress,
  });
  deepStrictEqual([upToDate, blob.asked.size, progress.done], [true, 0, blob.index.size]);
});

test("what cannot be a seed", async () => {
  using dir = tempDir();
  const blob = await blobOf(dir, random(11).bytes(100_000));
  const other = await makeFromFile(dir.write("other", blob.bytes), { sizes, digest: "sha256" });
  const target = dir.write("target", blob.bytes.subarray(0, 50_000));
  const fails = (options: ExtractToFileOptions, expected: object) =>
    rejects(extracts(dir, blob, { invalidSeeds: "fail", ...options }), expected);
  await fails({ seeds: [{ path: dir.path("other"), index: other.index }] }, { code: "usage" });
  await fails({ seeds: [{ path: target }], inPlace: true }, { code: "usage" });
  await fails({ seeds: [{ path: dir.path("none") }] }, { code: "missing-file" });
  await fails({ seeds: [{ path: dir.path("none"), index: blob.index }] }, { code: "missing-file" });
  await fails({ seeds: [{ path: dir.root }] }, { code: "usage" });
  await fails({ seeds: [{ path: dir.root, index: blob.index }] }, { code: "usage" });
  const problems: string[] = [];
  const seeds = [{ path: dir.path("none") }, { path: dir.root, index: blob.index }];
  await extracts(dir, blob, { seeds, onSeedProblem: ({ code }) => problems.push(code) });
  deepStrictEqual(problems, ["missing-file", "usage"]);
});

Deno.test({
  name: "a named pipe that is to have what another seed lacks is not waited for",
  ignore: Deno.build.os === "windows",
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    const blob = await blobOf(dir, random(16).bytes(100_000));
    const pipe = dir.path("pipe");
    await run("mkfifo", [pipe]);
    const seeds = [dir.write("empty", ""), pipe].map((path) => ({ path, index: blob.index }));
    const problems: string[] = [];
    await extracts(dir, blob, { seeds, onSeedProblem: ({ reason }, path) => problems.push(path + reason) });
    deepStrictEqual(problems.slice(1), [`${pipe}not a regular file`]);
  },
});

Deno.test({
  name: "a seed that cannot be read is an error, or the stores take over",
  // Reading it fails as a broken disk does.
  ignore: Deno.build.os !== "linux",
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    const blob = await blobOf(dir, random(12).bytes(200_000));
    const seeds = [{ path: "/proc/self/mem", index: blob.index }];
    await rejects(extracts(dir, blob, { seeds, invalidSeeds: "fail" }), { code: "io", action: "read" });
    const problems: string[] = [];
    const progress = await extracts(dir, blob, { seeds, onSeedProblem: ({ code }) => problems.push(code) });
    deepStrictEqual([problems, progress.chunksFrom("store")], [["io"], blob.index.count]);
  },
});

Deno.test({
  name: "one partition is the seed of the other, with its index and without",
  ignore: !hasLoopDevices,
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    const partition = random(15).bytes(1 << 20);
    const file = dir.write("a", partition);
    const seedIndex = (await makeFromFile(file, { sizes })).index;
    const blob = await blobOf(dir, changed(partition.subarray(0, 900_000)));
    dir.write("b", new Uint8Array(1 << 20));
    await using a = await attachLoopDevice(file);
    await using b = await attachLoopDevice(dir.path("b"));
    // SteamOS names the device by a link beside the index.
    Deno.symlinkSync(a.path, dir.path("link"));
    const lacking = missing(blob.index, seedIndex);
    for (const seed of [{ path: dir.path("link"), index: seedIndex }, { path: a.path }]) {
      blob.asked.clear();
      await extractToFile(blob.index, { stores: [blob.store] }, b.path, { seeds: [seed] });
      sameBytes(Deno.readFileSync(dir.path("b")).subarray(0, blob.bytes.length), blob.bytes);
      deepStrictEqual(blob.asked, lacking);
      // The next is to find nothing in place.
      Deno.writeFileSync(b.path, new Uint8Array(1 << 20));
    }
    await rejects(
      extractToFile(blob.index, { stores: [blob.store] }, b.path, { seeds: [{ path: b.path }] }),
      { code: "usage" },
    );
  },
});

test("an interruption ends the cutting of a seed, and leaves nothing behind", async () => {
  using dir = tempDir();
  const blob = await blobOf(dir, random(13).bytes(300_000));
  const seed = dir.write("seed", blob.bytes);
  const old = dir.write("target", random(14).bytes(300_000));
  for (const seeds of [[{ path: seed }], []]) {
    const stop = new AbortController();
    const onPhase = () => stop.abort();
    await rejects(extracts(dir, blob, { seeds, onPhase, signal: stop.signal }), { code: "interrupted" });
    strictEqual(Deno.statSync(old).size, 300_000);
    deepStrictEqual([...Deno.readDirSync(dir.root)].map(({ name }) => name).sort(), [
      "made",
      "seed",
      "target",
    ]);
  }
});

test("what moved by a part of the blob costs no more than the part", async () => {
  using dir = tempDir();
  const generator = random();
  const old = generator.bytes(4_000_000);
  const moved = new Uint8Array(old.length + 40_000);
  moved.set(generator.bytes(40_000));
  moved.set(old, 40_000);
  const blob = await blobOf(dir, moved);
  dir.write("target", old);
  const progress = await extracts(dir, blob, {});
  const fetched = progress.sources.find(({ origin }) => origin.kind === "store")!.bytes;
  ok(fetched <= 40_000 + 2 * sizes.max, String(fetched));
});
