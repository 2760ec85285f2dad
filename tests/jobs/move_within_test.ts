/** A file that is updated in place: what it has is moved to where the blob has it, and only the rest is fetched. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { extractToFile, type ExtractToFileOptions } from "../../src/deno/extract_to_file.ts";
import { makeFromFile } from "../../src/deno/make.ts";
import type { Origin } from "../../src/core/origin.ts";
import { Progress } from "../../src/core/progress.ts";
import type { Index } from "../../src/formats/index/index.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import type { WritableChunkStore } from "../../src/stores/store.ts";
import { joined } from "../support/data/joined.ts";
import { type Random, random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { attachLoopDevice, hasLoopDevices } from "../support/system/loop_device.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { amount } from "../support/thorough.ts";

const sizes = { min: 1024, avg: 4096, max: 16384 };

/** The C library, once loaded, stays until the program ends. */
function test(name: string, fn: () => Promise<void>, ignore = false): void {
  Deno.test({ name, ignore, sanitizeResources: false, fn });
}

/** Two versions, the store of the new one, and the ids that it was asked for. */
interface Update {
  readonly old: Uint8Array;
  readonly bytes: Uint8Array;
  readonly index: Index;
  readonly store: WritableChunkStore;
  readonly asked: Set<string>;
  /** What the old version lacks, by ids. */
  readonly lacking: ReadonlySet<string>;
}

async function updateOf(dir: TempDir, old: Uint8Array, bytes: Uint8Array): Promise<Update> {
  const store = new MemoryStore();
  const { index } = await makeFromFile(dir.write("new", bytes), { store, sizes });
  const { index: before } = await makeFromFile(dir.write("old", old), { sizes });
  const asked = new Set<string>();
  const counted = wrapStore(store, (send, { name, id }) => {
    if (name === "get" && id !== undefined) asked.add(id);
    return send();
  });
  const had = new Set(idsOf(before));
  const lacking = new Set(idsOf(index).filter((id) => !had.has(id)));
  return { old, bytes, index, store: counted, asked, lacking };
}

function idsOf(index: Index): string[] {
  return Array.from({ length: index.count }, (_, i) => index.id(i));
}

/** Updates the file in place. */
async function update(
  { index, store, bytes }: Update,
  path: string,
  options: ExtractToFileOptions = {},
): Promise<Progress> {
  const progress = new Progress();
  const all = { inPlace: true, sync: false, progress, ...options };
  await extractToFile(index, { stores: [store] }, path, all);
  sameBytes(Deno.readFileSync(path).subarray(0, bytes.length), bytes);
  strictEqual(all.progress.done, index.size);
  return all.progress;
}

/** Bytes from origins of that kind. */
function bytesFrom({ sources }: Progress, kind: Origin["kind"]): number {
  return sources.reduce((sum, { origin, bytes }) => origin.kind === kind ? sum + bytes : sum, 0);
}

/** The bytes after some random changes. */
function edited(bytes: Uint8Array, noise: Random, edits: number): Uint8Array {
  let now = bytes;
  for (let i = 0; i < edits; i++) {
    const at = noise.below(now.length);
    const length = 1 + noise.below([100, 10_000, 100_000][noise.below(3)]);
    const [start, part, end] = [
      now.subarray(0, at),
      now.subarray(at, at + length),
      now.subarray(at + length),
    ];
    const elsewhere = noise.below(end.length + 1);
    now = joined(
      [
        [start, noise.bytes(length), part, end],
        [start, end],
        [start, noise.bytes(part.length), end],
        [start, part, part, end],
        [start, end.subarray(0, elsewhere), part, end.subarray(elsewhere)],
        [end, part, start],
      ][noise.below(6)],
    );
  }
  return now;
}

test("a blob that was shifted is not fetched, but for what was put in", async () => {
  const noise = random();
  const bytes = noise.bytes(1_500_000);
  for (const shift of [1, 500_000]) {
    using dir = tempDir();
    const longer = joined([noise.bytes(shift), bytes]);
    const path = dir.path("target");
    for (const [old, now, added] of [[bytes, longer, shift], [longer, bytes, 0]] as const) {
      const it = await updateOf(dir, old, now);
      Deno.writeFileSync(path, old);
      const progress = await update(it, path);
      deepStrictEqual(it.asked, it.lacking);
      const fetched = bytesFrom(progress, "store");
      ok(fetched <= added + 2 * sizes.max, `${fetched} bytes fetched, ${added} were put in`);
      strictEqual(bytesFrom(progress, "in place"), 0);
    }
  }
});

test("after any changes little more than what the old version lacks is fetched", async () => {
  const noise = random();
  for (let turn = 0; turn < amount(12, 200); turn++) {
    using dir = tempDir();
    const old = joined([
      noise.bytes(200_000),
      new Uint8Array(noise.below(2) * 100_000),
      noise.bytes(300_000),
    ]);
    const it = await updateOf(dir, old, edited(old, noise, 1 + noise.below(5)));
    const path = dir.write("target", old);
    await update(it, path);
    // Zeros may be in place by chance; beside them, the old version is not cut as it was. Most times that costs
    // nothing, at times 1 or 2 chunks; of 5000 times, once 4; each one more is about 15 times as rare.
    const others = it.asked.difference(it.lacking).size;
    ok(others <= 10, `${others} more chunks than the ${it.lacking.size} that it lacks`);
    strictEqual(Deno.statSync(path).size, it.bytes.length);
    const { upToDate } = await extractToFile(it.index, { stores: [it.store] }, path, { inPlace: true });
    ok(upToDate);
  }
});

/** Stops the run when so much was moved. */
class StoppingProgress extends Progress {
  readonly #stop = new AbortController();
  #left: number;

  constructor(moves: number) {
    super();
    this.#left = moves;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  override add(...args: Parameters<Progress["add"]>): void {
    super.add(...args);
    if (args[0].kind === "self" && this.#left-- === 0) this.#stop.abort();
  }
}

test("interrupted while it moves, it goes on from there", async () => {
  const noise = random();
  using dir = tempDir();
  const part = () => noise.bytes(300_000);
  const [a, b, c, d] = [part(), part(), part(), part()];
  const it = await updateOf(dir, joined([a, b, c, d]), joined([noise.bytes(100), c, b, a, c, d]));
  const path = dir.write("target", it.old);
  for (let turn = 0;; turn++) {
    const progress = new StoppingProgress(20 + noise.below(30));
    const ended = await update(it, path, { progress, signal: progress.signal }).then(() => true, () => false);
    if (ended) break;
    ok(turn < 30);
    // What was written when it was stopped may be torn.
    using file = Deno.openSync(path, { write: true });
    file.seekSync(noise.below(it.bytes.length - 3000), Deno.SeekMode.Start);
    file.writeSync(noise.bytes(3000));
  }
  ok(it.asked.size < it.index.count / 2, `${it.asked.size} of ${it.index.count} chunks`);
});

test("a file that changes while it is updated does no harm", async () => {
  const noise = random();
  using dir = tempDir();
  const old = noise.bytes(500_000);
  const it = await updateOf(dir, old, joined([noise.bytes(50_000), old]));
  const path = dir.write("target", old);
  class Changing extends Progress {
    override add(...args: Parameters<Progress["add"]>): void {
      // It was cut by then.
      if (args[0].kind === "input") overwrite(path, noise.bytes(100_000), 200_000);
      super.add(...args);
    }
  }
  await rejects(
    update(it, path, { progress: new Changing(), inPlace: true }).then(() => {
      throw new Error("as it should");
    }),
    /as it should/,
  );
});

function overwrite(path: string, bytes: Uint8Array, at: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(bytes);
}

test("a block device is updated in the same way", async () => {
  const noise = random();
  using dir = tempDir();
  const old = noise.bytes(1_000_000);
  const it = await updateOf(
    dir,
    old,
    joined([old.subarray(100_000), noise.bytes(5000), old.subarray(0, 50_000)]),
  );
  const file = dir.write("disk", old);
  Deno.truncateSync(file, 4096 * 300);
  await using device = await attachLoopDevice(file);
  await update(it, device.path);
  deepStrictEqual(it.asked, it.lacking);
}, !hasLoopDevices);

test("a file without anything of the blob, an empty one, and one that is not there", async () => {
  const noise = random();
  using dir = tempDir();
  const it = await updateOf(dir, noise.bytes(300_000), noise.bytes(300_000));
  for (const old of [it.old, new Uint8Array(), undefined]) {
    const path = dir.path("target");
    Deno.removeSync(dir.write("target", ""));
    if (old !== undefined) Deno.writeFileSync(path, old);
    it.asked.clear();
    await update(it, path);
    strictEqual(it.asked.size, new Set(idsOf(it.index)).size);
  }
});
