/** What a cache keeps, and that it is the same whichever way reads through it. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { portableCodec } from "../../../src/codec/portable.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { parseIndex } from "../../../src/formats/index/index_parser.ts";
import { BULK_BYTES, ChunkedBlob } from "../../../src/blob/blob.ts";
import { runCli } from "../../support/cli.ts";
import { contentOf } from "../../support/files.ts";
import { type Form, type Made, makeBlob, stored, storePath } from "../../support/made.ts";
import { startNginx } from "../../support/servers/nginx.ts";
import { peers } from "../../support/peers.ts";
import { Random } from "../../support/random.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";
import { unzstd } from "../../support/data/zstd.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const forms = ["zstd", "plain", "gzip"] as const;

/** A few chunks again and again, so that the whole is read by workers, and a part that is not has them all. */
function largeBlob(dir: TempDir, form: Form): Made {
  const generator = new Random(31);
  const pieces = Array.from({ length: 5 }, () => generator.bytes(30_000 + generator.below(30_000)));
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  const count = Math.ceil(BULK_BYTES / bytes) * pieces.length;
  return makeBlob(dir, Array.from({ length: count }, (_, i) => pieces[i % pieces.length]), { form });
}

async function runs(...args: string[]): Promise<void> {
  const { code, stderr } = await runCli(args);
  deepStrictEqual([code, stderr], [0, ""]);
}

/** Reads the blob in every way, each with a cache of its own, and returns the caches. */
async function readInEveryWay(dir: TempDir, made: Made, store: string): Promise<Record<string, string>> {
  const caches: Record<string, string> = {};
  const cache = (way: string) => caches[way] = dir.path(way);
  const from = (way: string) => ["-s", store, "-c", cache(way), made.index];
  await runs("extract", ...from("extract"), dir.path("out"));
  await runs("cat", ...from("cat"), dir.path("all"));
  await runs("cat", "-l", "1000000", ...from("cat of a part"), dir.path("part"));
  const index = parseIndex(Deno.readFileSync(made.index));
  const sources = {
    stores: [new LocalStore(made.store)],
    cache: new LocalStore(cache("the library"), { create: true }),
  };
  await ChunkedBlob.open(index, sources, { codec: nativeCodec }).slice(0, 1_000_000).bytes();
  return caches;
}

for (const form of forms) {
  inTurn()(`every way of reading ${form} chunks leaves the same cache`, async () => {
    using dir = tempDir();
    const made = largeBlob(dir, form);
    const store = contentOf(made.store);
    for (const [way, cache] of Object.entries(await readInEveryWay(dir, made, made.store))) {
      const content = contentOf(cache);
      // What every reader of stores knows is kept as it came.
      if (form !== "gzip") deepStrictEqual(content, store, way);
      else isRecompressed(content, Object.keys(store), way);
    }
  });

  Deno.test(`untar and cat of an archive's index leave the same cache: ${form} chunks`, async () => {
    using dir = tempDir();
    const index = testdata("tree.caidx");
    const { ids } = indexIn(index);
    const from = new LocalStore(testdata("tree.castr"));
    for (const id of ids) {
      const chunk = (await from.get(id))!;
      const bytes = chunk.form === "plain" ? chunk.bytes : unzstd(chunk.bytes);
      dir.write(`store/${storePath(id, form)}`, stored(bytes, form));
    }
    const args = (cache: string) => ["-s", dir.path("store"), "-c", dir.path(cache)];
    await runs("untar", "-i", "--no-same-owner", ...args("untar"), index, dir.dir("tree"));
    await runs("cat", ...args("cat"), index, dir.path("archive"));
    deepStrictEqual(contentOf(dir.path("untar")), contentOf(dir.path("cat")));
    strictEqual(Object.keys(contentOf(dir.path("cat"))).length, ids.size);
  });
}

Deno.test({
  name: "every way of reading gzip chunks from a web server leaves the same cache",
  ignore: !peers.nginx,
  fn: async () => {
    using dir = tempDir();
    const made = largeBlob(dir, "gzip");
    await using server = await startNginx(made.store);
    const names = Object.keys(contentOf(made.store));
    for (const [way, cache] of Object.entries(await readInEveryWay(dir, made, server.url))) {
      isRecompressed(contentOf(cache), names, way);
    }
  },
});

Deno.test("a codec that cannot compress leaves gzip chunks plain", async () => {
  using dir = tempDir();
  const pieces = [1, 2].map((seed) => new Random(seed).bytes(20_000));
  const made = makeBlob(dir, pieces, { form: "gzip" });
  const sources = {
    stores: [new LocalStore(made.store)],
    cache: new LocalStore(dir.path("cache"), { create: true }),
  };
  await ChunkedBlob.open(parseIndex(Deno.readFileSync(made.index)), sources, { codec: portableCodec })
    .bytes();
  const plain = Object.fromEntries(made.ids.map((id, i) => [storePath(id, "plain"), pieces[i]]));
  deepStrictEqual(contentOf(dir.path("cache")), plain);
});

function isRecompressed(content: Record<string, Uint8Array>, names: string[], way: string): void {
  deepStrictEqual(Object.keys(content).sort(), names.toSorted(), way);
  for (const bytes of Object.values(content)) ok(unzstd(bytes).length > 0, way);
}

function indexIn(path: string): { readonly ids: ReadonlySet<string> } {
  const index = parseIndex(Deno.readFileSync(path));
  return { ids: new Set(Array.from({ length: index.count }, (_, i) => index.id(i))) };
}
