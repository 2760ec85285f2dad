/** Runs of `extractToFile` that go on from what an interrupted one left, and what may have become of that meanwhile. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { extractToFile, type ExtractToFileOptions } from "../../src/deno/extract_to_file.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { originName } from "../../src/core/origin.ts";
import { Progress } from "../../src/core/progress.ts";
import type { Index } from "../../src/formats/index/index.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { filesIn } from "../support/files.ts";
import { makeBlob } from "../support/made.ts";
import { run } from "../support/process.ts";
import { random } from "../support/random.ts";
import { mayHavePartialFiles } from "../../src/deno/output/partial_file.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { ANOTHER_USER } from "../support/system/without_privileges.ts";

/** Where nothing is kept for the next run. */
const never = !mayHavePartialFiles;
const root = Deno.build.os !== "windows" && Deno.uid() === 0;

/** The C library, once loaded, stays until the program ends. */
function test(name: string, fn: () => Promise<void>, ignore = never): void {
  Deno.test({ name, ignore, sanitizeResources: false, fn });
}

const PIECE = 20_000;
const PIECES = 60;
/** As many chunks of zeros, of the largest size, lie in the middle. */
const ZEROS = 20;

/** A blob of random chunks, of which some come twice, with many zeros in the middle, in a store in memory. */
class Blob {
  readonly index: Index;
  readonly bytes: Uint8Array;
  readonly store = new MemoryStore();
  readonly target: string;
  /** Chunks that were requested so far. */
  requests = 0;
  /** Stops the run that requests that many. */
  stopAt = Infinity;
  #stop = new AbortController();

  private constructor(dir: TempDir, index: Index, bytes: Uint8Array) {
    this.target = dir.path("out", "target");
    this.index = index;
    this.bytes = bytes;
  }

  static async make(dir: TempDir, seed?: number): Promise<Blob> {
    const noise = random(seed);
    const pieces = Array.from({ length: PIECES }, () => noise.bytes(PIECE));
    // Zeros within chunks, as many as become a hole, and fewer.
    for (let i = 0; i < PIECES; i += 3) pieces[i].fill(0, 1000, [19_000, 6000, 1100][i % 9 / 3]);
    const zeros = new Uint8Array(65536);
    const all = [...pieces.slice(0, 30), ...Array<Uint8Array>(ZEROS).fill(zeros), ...pieces.slice(20)];
    const made = makeBlob(dir, all, { name: `blob-${noise.seed}`, form: "plain" });
    const blob = new Blob(dir, parseIndex(Deno.readFileSync(made.index)), made.bytes);
    for (const [i, piece] of all.entries()) {
      if (piece !== zeros) {
        await blob.store.put(asVerified(made.ids[i], { form: "plain", bytes: piece.slice() }));
      }
    }
    const get = blob.store.get.bind(blob.store);
    blob.store.get = async (id) => {
      if (++blob.requests > blob.stopAt) blob.#stop.abort();
      return await get(id);
    };
    return blob;
  }

  /** Extracts it. Returns what came from where. */
  async extract(options: ExtractToFileOptions = {}): Promise<Record<string, number>> {
    this.requests = 0;
    this.#stop = new AbortController();
    const progress = new Progress();
    await extractToFile(this.index, { stores: [this.store] }, this.target, {
      progress,
      signal: this.#stop.signal,
      sync: false,
      ...options,
    });
    sameBytes(Deno.readFileSync(this.target), this.bytes);
    strictEqual(progress.done, progress.total);
    return Object.fromEntries(progress.sources.map(({ origin, chunks }) => [originName(origin), chunks]));
  }

  /** Interrupts an extraction after about half of the chunks. Returns the path of what is left, and how much is. */
  async interrupt(
    options: ExtractToFileOptions = {},
  ): Promise<{ readonly left: string; readonly message: string }> {
    this.stopAt = 40;
    const error = await this.extract(options).then(() => undefined, (error) => error);
    this.stopAt = Infinity;
    ok(error instanceof DesyncError && error.code === "interrupted", `${error}`);
    const names = filesIn(directoryOf(this.target)).filter((name) => name !== "target");
    strictEqual(names.length, 1, names.join());
    match(names[0], /^\.tmp-desync-target-[0-9a-f]{32}$/);
    return { left: `${directoryOf(this.target)}/${names[0]}`, message: error.message };
  }

  /** What lies beside the target. */
  get others(): string[] {
    return filesIn(directoryOf(this.target)).filter((name) => name !== "target");
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

test("an interrupted extraction goes on from where it was, also without syncing", async () => {
  for (const sync of [true, false]) {
    using dir = tempDir();
    const blob = await Blob.make(dir);
    const { left, message } = await blob.interrupt({ sync });
    strictEqual(message, "Interrupted (what was written is kept: the same command goes on from there)");
    strictEqual(Deno.statSync(left).mode! & 0o777, 0o600);
    const from = await blob.extract({ sync });
    deepStrictEqual(blob.others, []);
    const { resumed = 0, memory, zeros } = from;
    ok(resumed > 15, `${resumed} chunks were there`);
    deepStrictEqual([memory, blob.requests], [PIECES - resumed, PIECES - resumed]);
    ok(zeros !== undefined);
  }
});

test("it is interrupted again and again", async () => {
  using dir = tempDir();
  const blob = await Blob.make(dir);
  let requests = 0;
  for (let turn = 0;; turn++) {
    blob.stopAt = 25;
    const done = await blob.extract().then(() => true, () => false);
    requests += blob.requests;
    if (done) break;
    ok(turn < 20);
  }
  ok(requests <= PIECES + 30, `${requests} requests`);
  deepStrictEqual(blob.others, []);
});

test("what was left gets the rights of the file that it replaces, or of a new one", async () => {
  using dir = tempDir();
  const blob = await Blob.make(dir);
  const mode = () => Deno.statSync(blob.target).mode! & 0o777;
  const asNew = Deno.statSync(dir.write("new", "")).mode! & 0o777;
  await blob.extract();
  strictEqual(mode(), asNew);
  for (
    const [before, later, expected] of [
      [undefined, undefined, asNew],
      [0o640, 0o640, 0o640],
      [0o640, undefined, asNew],
      [undefined, 0o604, 0o604],
    ]
  ) {
    const set = (mode: number | undefined) => {
      Deno.removeSync(blob.target);
      if (mode === undefined) return;
      Deno.writeTextFileSync(blob.target, "old");
      Deno.chmodSync(blob.target, mode);
    };
    set(before);
    await blob.interrupt();
    if (before === undefined) Deno.writeTextFileSync(blob.target, "");
    set(later);
    ok((await blob.extract()).resumed > 0);
    strictEqual(mode(), expected);
  }
});

/** What may happen to the file between two runs; `kept` where what was right in it is still used. */
const DAMAGES: [
  name: string,
  damage: (path: string, blob: Blob) => void | Promise<void>,
  kept: boolean,
  ignore?: boolean,
][] = [
  ["bits are flipped", (path) => {
    const bytes = Deno.readFileSync(path);
    for (let at = 5; at < bytes.length; at += 3 * PIECE) bytes[at] ^= 4;
    overwrite(path, bytes, 0);
  }, true],
  [
    "the zeros are overwritten",
    (path) => overwrite(path, random(3).bytes(ZEROS * 65536 - 100), 30 * PIECE + 50),
    true,
  ],
  ["all is overwritten", (path, { bytes }) => overwrite(path, bytes.map((byte) => byte ^ 1), 0), false],
  ["it is cut short", (path) => Deno.truncateSync(path, 5 * PIECE + 1), true],
  ["it is empty", (path) => Deno.truncateSync(path, 0), false],
  ["it is longer", (path, { bytes }) => overwrite(path, random(4).bytes(100_000), bytes.length - 10), true],
  ["others may read it", (path) => Deno.chmodSync(path, 0o644), false],
  ["others may write to it", (path) => Deno.chmodSync(path, 0o622), false],
  ["it has another name", (path) => Deno.linkSync(path, `${path}.link`), false],
  ["it is another user's", (path) => Deno.chownSync(path, ANOTHER_USER, ANOTHER_USER), false, !root],
  ["it is a symlink", (path) => {
    Deno.renameSync(path, `${path}.moved`);
    Deno.symlinkSync(`${path}.moved`, path);
  }, false],
  ["it is a directory", (path) => {
    Deno.removeSync(path);
    Deno.mkdirSync(path);
  }, false],
  ["it is a named pipe", async (path) => {
    Deno.removeSync(path);
    await run("mkfifo", [path]);
  }, false],
];

function overwrite(path: string, bytes: Uint8Array, at: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

for (const [name, damage, kept, ignore = false] of DAMAGES) {
  test(`of what was left only what is right is used: ${name}`, async () => {
    using dir = tempDir();
    const blob = await Blob.make(dir);
    const { left } = await blob.interrupt();
    await damage(left, blob);
    const others = ["link", "moved"].map((end) => `${left}.${end}`).filter((path) =>
      filesIn(directoryOf(path)).some((n) => path.endsWith(n))
    );
    const before = others.map((path) => Deno.readFileSync(path));
    const resumed = (await blob.extract()).resumed ?? 0;
    strictEqual(resumed > 0, kept, `${resumed} chunks`);
    for (const [i, path] of others.entries()) sameBytes(Deno.readFileSync(path), before[i]);
    // The next one has no other file left in its way.
    Deno.removeSync(blob.target);
    await blob.extract();
  }, never || ignore);
}

test("two runs at once do not share a file", async () => {
  using dir = tempDir();
  const blob = await Blob.make(dir);
  await blob.interrupt();
  const [started, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const get = blob.store.get.bind(blob.store);
  blob.store.get = async (id) => {
    started.resolve();
    await goOn.promise;
    return await get(id);
  };
  const first = blob.extract();
  await started.promise;
  blob.store.get = get;
  const second = await blob.extract();
  strictEqual(second.resumed, undefined);
  strictEqual(blob.others.length, 1, "that of the first run");
  goOn.resolve();
  ok((await first).resumed > 0);
  deepStrictEqual(blob.others, []);
});

test("a run for another index removes what is left, unless another run has it", async () => {
  using dir = tempDir();
  const [one, other] = [await Blob.make(dir, 1), await Blob.make(dir, 2)];
  await one.interrupt();
  const goOn = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const get = one.store.get.bind(one.store);
  one.store.get = async (id) => {
    started.resolve();
    await goOn.promise;
    return await get(id);
  };
  const first = one.extract();
  await started.promise;
  await other.extract();
  strictEqual(one.others.length, 1);
  goOn.resolve();
  await first;
  one.store.get = get;
  deepStrictEqual(one.others, []);
  await other.interrupt();
  Deno.removeSync(one.target);
  await one.interrupt();
  await other.extract();
  deepStrictEqual(one.others, []);
});

test("a run that finds the output complete removes what is left", async () => {
  using dir = tempDir();
  const blob = await Blob.make(dir);
  for (const options of [{}, { inPlace: true }]) {
    await blob.interrupt();
    Deno.writeFileSync(blob.target, blob.bytes);
    await blob.extract(options);
    deepStrictEqual(blob.others, []);
    Deno.removeSync(blob.target);
  }
});

test("a store that fails leaves what was written, a run that wrote nothing leaves nothing", async () => {
  using dir = tempDir();
  const blob = await Blob.make(dir);
  const get = blob.store.get.bind(blob.store);
  for (const after of [0, 30]) {
    blob.store.get = (id) => {
      const fails = () => Promise.reject(new DesyncError("store", { reason: "it is gone" }));
      return blob.requests >= after ? fails() : get(id);
    };
    await rejects(blob.extract(), { code: "store" });
    strictEqual(blob.others.length, after === 0 ? 0 : 1);
  }
  blob.store.get = get;
  ok((await blob.extract()).resumed > 0);
});
