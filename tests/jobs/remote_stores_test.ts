/** A store that is slow and not a directory, in every part that a store can play. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { extractToFile } from "../../src/deno/extract_to_file.ts";
import { LocalStore } from "../../src/deno/local_store.ts";
import { parseIndex } from "../../src/formats/index_parser.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { type Made, makeBlob, somePieces, storePath } from "../support/made.ts";
import { RemoteStore } from "../support/remote_store.ts";
import { type TempDir, tempDir } from "../support/temp.ts";

// Workers end after the test that used them.
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });

function blobIn(dir: TempDir) {
  const made = makeBlob(dir, somePieces());
  const index = parseIndex(Deno.readFileSync(made.index));
  return { made, index, names: namesOf(made) };
}

/** The names that a store with all chunks of the blob has. */
function namesOf(made: Made): string[] {
  return [...new Set(made.ids)].map((id) => storePath(id, "zstd").slice(5)).sort();
}

async function isBuilt(made: Made, path: string): Promise<void> {
  deepStrictEqual(await Deno.readFile(path), made.bytes);
}

test("the cache may be any store that takes chunks", async () => {
  using dir = tempDir();
  const { made, index, names } = blobIn(dir);
  const cache = new RemoteStore();
  const store = new RemoteStore({ location: "remote://other" });
  for (const [i, id] of made.ids.entries()) {
    store.plant(id, { form: "compressed", bytes: Deno.readFileSync(made.chunk(i)) });
  }
  for (const [from, stores] of Object.entries({ local: [new LocalStore(made.store)], remote: [store] })) {
    const cache = new RemoteStore();
    const target = dir.path(from);
    await extractToFile(index, { cache, stores }, target);
    await isBuilt(made, target);
    deepStrictEqual(cache.names, names);
    strictEqual(cache.requests.put, names.length);
    // All of it is there now.
    await extractToFile(index, { cache, stores: [] }, `${target}-again`);
    await isBuilt(made, `${target}-again`);
    deepStrictEqual([cache.requests.put, cache.requests.touch], [names.length, names.length]);
  }
  strictEqual(cache.requests.get, 0);
  const memory = new MemoryStore();
  await extractToFile(index, { cache: memory, stores: [store] }, dir.path("memory"));
  strictEqual((await Array.fromAsync(memory.list())).flat().length, names.length);
});

test("an invalid chunk in such a cache is an error, and is replaced when that is asked for", async () => {
  using dir = tempDir();
  const { made, index, names } = blobIn(dir);
  const cache = new RemoteStore();
  const bad = new TextEncoder().encode("not the chunk");
  cache.plant(made.ids[1], { form: "plain", bytes: bad });
  const sources = { cache, stores: [new LocalStore(made.store)] };
  await rejects(extractToFile(index, sources, dir.path("out")), {
    code: "invalid-chunk",
    message: new RegExp(`${made.ids[1]} in the cache remote://store is invalid.*--cache-repair`),
  });
  ok(cache.names.includes(made.ids[1]), "it is not removed without being asked");
  await extractToFile(index, { ...sources, cacheRepair: true }, dir.path("out"));
  await isBuilt(made, dir.path("out"));
  deepStrictEqual(cache.names, names);
});

test("such a cache that fails is reported once, and not filled any more", async () => {
  using dir = tempDir();
  const { made, index } = blobIn(dir);
  const cache = new RemoteStore();
  cache.put = () => Promise.reject(new Error("no room"));
  const problems: string[] = [];
  const onCacheProblem = ({ message }: Error) => problems.push(message);
  const sources = { cache, stores: [new LocalStore(made.store)], onCacheProblem };
  await extractToFile(index, sources, dir.path("out"));
  await isBuilt(made, dir.path("out"));
  deepStrictEqual(problems, ["no room"]);
});
