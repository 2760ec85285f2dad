/** Chunks of a task that are opened together have the results, and the errors, of one by one. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { openChunk } from "../../src/codec/open_chunk.ts";
import { concat } from "../../src/core/bytes.ts";
import { errorFromWire, messageOf } from "../../src/core/errors.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { ChunkDirectory } from "../../src/deno/store/chunk_directory.ts";
import { SocketProgram } from "../../src/deno/system/spawn.ts";
import { encodeMessage, type Message, SERVES_CHUNKS } from "../../src/formats/protocol.ts";
import type {
  AssembleItem,
  AssembleResult,
  AssembleTask,
  DirectorySource,
  Found,
  Reply,
  Request,
  Task,
} from "../../src/transfer/messages.ts";
import { WORKER_URL } from "../../src/workers/worker.ts";
import { PROGRAM_WORKER_NAME } from "../../src/workers/worker_name.ts";
import { Performer } from "../../src/workers/perform.ts";
import { exists } from "../support/exists.ts";
import { filesIn } from "../support/files.ts";
import { stored } from "../support/made.ts";
import { Random, random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { chunkPath, sha512256 } from "../support/sha.ts";
import { type TempDir, tempDir } from "../support/temp.ts";
import { amount } from "../support/thorough.ts";

/** How often something is wrong, of 100 chunks. */
interface Faults {
  readonly missing?: number;
  readonly damaged?: number;
  readonly damagedInCache?: number;
}

/** What there is: a store, a cache, a seed, and a target that a run before has begun. */
interface World {
  readonly dir: TempDir;
  readonly items: AssembleItem[];
  readonly size: number;
}

const SIZES = [20_000, 60_000, 1000, 64, 30_000, 5000, 262_144, 3000, 1_200_000];

/** The same world for the same seed. */
function makeWorld(dir: TempDir, seed: number, faults: Faults): World {
  const generator = new Random(seed);
  const happens = (percent = 0) => generator.below(100) < percent;
  dir.dir("store");
  dir.dir("cache");
  dir.dir("filled");
  const items: AssembleItem[] = [];
  const seedBytes: Uint8Array[] = [];
  const begun: [number, Uint8Array][] = [];
  let [size, seedSize] = [0, 0];
  for (let i = 0; i < 45; i++) {
    // No two chunks of a task are the same.
    const length = SIZES[generator.below(happens(5) ? SIZES.length : SIZES.length - 2)];
    const bytes = generator.bytes(i === 20 ? 0 : length);
    bytes.fill(i, bytes.length >> 1);
    const id = sha512256(bytes);
    const put = (store: string, isDamaged: boolean) => {
      const form = (["plain", "zstd", "zstd", "gzip"] as const)[generator.below(4)];
      const packed = stored(bytes, form);
      if (isDamaged && packed.length > 0) packed[generator.below(packed.length)] ^= 0x10;
      dir.write(`${store}/${chunkPath(id, form === "plain" ? "" : ".cacnk")}`, packed);
    };
    if (!happens(faults.missing)) put("store", happens(faults.damaged));
    if (happens(30)) put("cache", happens(faults.damagedInCache));
    if (happens(10)) put("filled", false);
    const offsets = happens(10) ? [size, size + bytes.length] : [size];
    size += bytes.length * offsets.length;
    if (happens(20)) begun.push([offsets[0], bytes]);
    if (happens(20)) begun.push([offsets[0], generator.bytes(bytes.length)]);
    const places = happens(40) ? [{ seed: 0, offset: seedSize }] : [];
    if (happens(20)) places.unshift({ seed: 0, offset: Math.max(0, seedSize - 1) });
    if (places.length > 0) {
      seedBytes.push(happens(80) ? bytes : generator.bytes(bytes.length));
      seedSize += bytes.length;
    }
    const given = {
      form: "compressed",
      bytes: stored(happens(70) ? bytes : bytes.slice(1), "zstd"),
    } as const;
    const cloned = happens(20);
    items.push({ id, size: bytes.length, offsets, places, cloned, given: happens(10) ? given : undefined });
  }
  const target = dir.write("target", new Uint8Array(size));
  using file = Deno.openSync(target, { write: true });
  for (const [offset, bytes] of begun) {
    file.seekSync(offset, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  }
  using seeds = Deno.createSync(dir.path("seed"));
  for (const bytes of seedBytes) {
    for (let at = 0; at < bytes.length;) at += seeds.writeSync(bytes.subarray(at));
  }
  return { dir, items, size };
}

type Kind = Partial<Omit<AssembleTask, "kind" | "items" | "target" | "destination" | "seeds">> & {
  readonly hasTarget?: boolean;
  readonly hasSeeds?: boolean;
  readonly fills?: "directory" | "main";
  readonly repair?: boolean;
  readonly cached?: boolean;
};

function taskOf(
  { dir, items }: World,
  { hasTarget, hasSeeds, fills, repair = false, cached, ...kind }: Kind,
) {
  const { root } = dir;
  const encoding = { form: "as it came", level: 3 } as const;
  const target = { path: `${root}/target`, displayName: "target", sparse: false, resumed: true };
  const cache: DirectorySource = { directory: `${root}/cache`, role: "cache", repair };
  const task: AssembleTask = {
    kind: "assemble",
    digest: "sha512-256",
    target: hasTarget ? target : undefined,
    probeTarget: false,
    skipPresent: false,
    directories: [...(cached ? [cache] : []), { directory: `${root}/store`, role: "store", repair: false }],
    seeds: hasSeeds ? [{ path: `${root}/seed`, displayName: "seed" }] : undefined,
    destination: fills === undefined
      ? undefined
      : fills === "main"
      ? { kind: "main", encoding }
      : { kind: "directory", directory: `${root}/${cached ? "cache" : "filled"}`, encoding },
    ...kind,
    items,
  };
  return task;
}

/** Does the task in parts of so many chunks; the result until one fails, and why it did. */
function perform(task: AssembleTask, step: number): { results: AssembleResult[]; error?: string } {
  const performer = new Performer();
  const results: AssembleResult[] = [];
  try {
    for (let i = 0; i < task.items.length; i += step) {
      const items = task.items.slice(i, i + step);
      results.push(performer.perform({ ...task, items }).result as AssembleResult);
    }
    return { results };
  } catch (error) {
    return { results, error: messageOf(error) };
  } finally {
    performer.perform({ kind: "release" });
  }
}

/** A worker as the program has it, which uses the system's libraries where they can be had. */
class ProgramWorker implements Disposable {
  readonly #worker = new Worker(WORKER_URL, { type: "module", name: PROGRAM_WORKER_NAME });

  /** Does the whole task. */
  async perform(task: AssembleTask): Promise<{ results: AssembleResult[]; error?: string }> {
    try {
      return { results: [await this.#ask(task) as AssembleResult] };
    } catch (error) {
      return { results: [], error: messageOf(error) };
    } finally {
      await this.#ask({ kind: "release" });
    }
  }

  async #ask(task: Task): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => resolve(data);
    this.#worker.onerror = reject;
    this.#worker.postMessage({ number: 1, task } satisfies Request);
    const reply = await promise;
    if (reply.kind === "failed") throw errorFromWire(reply.error);
    return reply.result;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/** All that a run leaves: the files, without the names of temporary ones. */
function left({ dir }: World): Map<string, string> {
  return new Map(
    filesIn(dir.root).map((path) => [path, sha512256(Deno.readFileSync(`${dir.root}/${path}`))]),
  );
}

const kinds: [string, Kind, Faults][] = [
  ["extracted from a store", { hasTarget: true }, {}],
  ["extracted from a damaged store", { hasTarget: true }, { damaged: 5 }],
  ["of which some are missing", { hasTarget: true }, { missing: 20 }],
  ["extracted through a cache", { hasTarget: true, cached: true, fills: "directory" }, { missing: 10 }],
  [
    "extracted through a damaged cache that is repaired",
    { hasTarget: true, cached: true, fills: "directory", repair: true },
    { damagedInCache: 40 },
  ],
  [
    "extracted through a damaged cache that is repaired, and a damaged store",
    { hasTarget: true, cached: true, fills: "directory", repair: true },
    { damagedInCache: 40, damaged: 10 },
  ],
  [
    "extracted through a damaged cache that may fail",
    { hasTarget: true, cached: true, fills: "directory", repair: true, cacheMayFail: true },
    { damagedInCache: 40 },
  ],
  ["extracted through a damaged cache", { hasTarget: true, cached: true }, { damagedInCache: 10 }],
  ["extracted with a seed", { hasTarget: true, hasSeeds: true }, { missing: 10 }],
  ["extracted with a seed from a damaged store", { hasTarget: true, hasSeeds: true }, { damaged: 10 }],
  ["that are looked for in the target", { hasTarget: true, probeTarget: true }, { missing: 20 }],
  ["given back", { giveBack: true, cached: true }, { missing: 10 }],
  ["given back from a damaged store", { giveBack: true, hasTarget: true }, { damaged: 5 }],
  ["copied to a directory", { fills: "directory", skipPresent: true }, {}],
  ["copied from a damaged store", { fills: "directory", skipPresent: true }, { damaged: 5 }],
  ["copied to another store", { fills: "main" }, {}],
];

for (const [what, kind, faults] of kinds) {
  Deno.test(`chunks ${what} have the same results together and one by one`, async () => {
    const generator = random();
    using worker = new ProgramWorker();
    for (let round = 0; round < amount(1, 3); round++) {
      const seed = generator.uint32();
      using one = tempDir();
      const alone = makeWorld(one, seed, faults);
      const single = perform(taskOf(alone, kind), 1);
      const expected = left(alone);
      const found: Found[] = single.results.flatMap(({ found }) => found);
      for (const isHere of [true, false]) {
        using other = tempDir();
        const together = makeWorld(other, seed, faults);
        const task = taskOf(together, kind);
        const whole = isHere ? perform(task, task.items.length) : await worker.perform(task);
        strictEqual(
          whole.error?.replaceAll(together.dir.root, ""),
          single.error?.replaceAll(alone.dir.root, ""),
          what,
        );
        const after = left(together);
        // What needs no group may be written before the error of an earlier one.
        if (whole.error !== undefined) { for (const files of [after, expected]) files.delete("target"); }
        deepStrictEqual(after, expected, what);
        if (whole.error !== undefined) continue;
        const [result] = whole.results;
        strictEqual(found.length, alone.items.length);
        deepStrictEqual(plain(result.found), plain(found));
        deepStrictEqual(result.storedBytes, single.results.flatMap(({ storedBytes }) => storedBytes));
        deepStrictEqual(bytesOf([result]), bytesOf(single.results));
        deepStrictEqual(plain(result.invalidPlaces), plain(single.results.flatMap((r) => r.invalidPlaces)));
      }
    }
  });
}

Deno.test({
  name: "chunks that a session sends are delivered, absent, or missing where they are wrong",
  ignore: Deno.build.os !== "linux",
  // The C library stays loaded.
  sanitizeResources: false,
  fn: async () => {
    const generator = random();
    for (const fills of ["directory", "main"] as const) {
      using dir = tempDir();
      const world = makeWorld(dir, generator.uint32(), {});
      Deno.writeFileSync(`${dir.root}/target`, new Uint8Array(world.size));
      // A message has no empty chunk.
      const items = world.items.filter(({ size }) => size > 0).map(({ id, size, offsets }) => ({
        id,
        size,
        offsets,
      }));
      const target = new Uint8Array(world.size);
      const found: Found[] = [];
      const messages = items.map(({ id, offsets: places }): Message => {
        const kind = generator.below(8);
        if (kind === 0) return found.push("absent"), { type: "missing", id };
        const path = [chunkPath(id), chunkPath(id, "")].find((path) => exists(`${dir.root}/store/${path}`))!;
        const bytes = Deno.readFileSync(`${dir.root}/store/${path}`);
        const compressed = path.endsWith(".cacnk");
        if (kind === 1 && bytes.length > 10) {
          bytes.fill(1);
          return found.push("missing"), { type: "chunk", id, compressed, bytes };
        }
        const { bytes: whole } = openChunk(
          nativeCodec,
          { form: compressed ? "compressed" : "plain", bytes },
          {
            id,
            digest: "sha512-256",
          },
        );
        for (const offset of places) target.set(whole, offset);
        return found.push("given"), { type: "chunk", id, compressed, bytes };
      });
      const hello = encodeMessage({ type: "hello", flags: SERVES_CHUNKS });
      const file = dir.write("messages", concat([hello, ...messages.map((one) => encodeMessage(one))]));
      const args = ["-c", 'dd bs=30000 <"$0" 2>/dev/null; exec cat >/dev/null', file];
      const program = SocketProgram.start({ program: "sh", args, env: {} })!;
      try {
        const near = {
          kind: "session",
          session: 1,
          worker: 0,
          socket: program.socket,
          idleTimeoutMs: 10_000,
          greetingTimeoutMs: 10_000,
          patienceMs: 0,
          stopped: new Int32Array(new SharedArrayBuffer(4)),
        } as const;
        const task = { ...taskOf(world, { hasTarget: true, fills, near }), items };
        const { results: [result], error } = perform(task, items.length);
        strictEqual(error, undefined);
        deepStrictEqual(result.found, found);
        sameBytes(Deno.readFileSync(`${dir.root}/target`), target);
        const given = items.filter((_, i) => found[i] === "given");
        if (fills === "main") deepStrictEqual(result.encoded.map(({ id }) => id), given.map(({ id }) => id));
        for (const { id } of given) {
          if (fills === "main") continue;
          const chunk = new ChunkDirectory({ directory: `${dir.root}/filled` }).read(id, 2_000_000);
          openChunk(nativeCodec, chunk!, { id, digest: "sha512-256" });
        }
        for (const { id, stored } of result.encoded) {
          openChunk(nativeCodec, stored, { id, digest: "sha512-256" });
        }
      } finally {
        await program.close();
      }
    }
  },
});

/** What is given back, and what is to be stored. */
function bytesOf(results: readonly AssembleResult[]): unknown[] {
  const shown = (bytes?: Uint8Array) => bytes && sha512256(bytes);
  return [
    ...results.flatMap(({ bytes }) => bytes.map(shown)),
    ...results.flatMap(({ encoded }) =>
      encoded.map(({ id, stored }) => [id, stored.form, shown(stored.bytes)])
    ),
  ];
}

/** Without what is undefined, and without the stacks of errors. */
function plain(values: readonly unknown[]): unknown[] {
  return JSON.parse(JSON.stringify(values, (key, value) => key === "stack" ? undefined : value));
}
