import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { ChunkedBlob } from "../../src/blob/blob.ts";
import { WorkerReader } from "../../src/jobs/worker_reader.ts";
import { HttpStore } from "../../src/stores/http/http_store.ts";
import type { Sources } from "../../src/stores/store.ts";
import { WorkerPool } from "../../src/workers/pool.ts";
import { startFaultyServer } from "../support/servers/faulty_server.ts";
import { filesIn } from "../support/files.ts";
import { type Form, type Made, makeBlob } from "../support/made.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { tempDir } from "../support/temp.ts";
import { share, takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const shared = tempDir();
Deno.test.afterAll(() => shared[Symbol.dispose]());
const blobs = new Map<Form, Made>();

/** Enough for workers to be asked: 40 MB, of which parts come again and again. For all tests, which leave it as it is. */
function bigBlob(form: Form = "plain"): Made {
  const made = blobs.get(form) ?? makeBigBlob(form);
  blobs.set(form, made);
  return made;
}

function makeBigBlob(form: Form): Made {
  const generator = random(11);
  const kinds = Array.from({ length: 100 }, (_, i) => generator.bytes(i % 10 === 0 ? 100 : 65_536 - i));
  const pieces = Array.from({ length: 700 }, () => kinds[generator.below(kinds.length)]);
  return makeBlob(shared, pieces, { name: form, form });
}

function open(made: Made, sources: Sources, pool: WorkerPool): ChunkedBlob {
  const index = parseIndex(Deno.readFileSync(made.index));
  const { digest, sizes } = index;
  return ChunkedBlob.open(index, sources, {
    codec: nativeCodec,
    bulk: new WorkerReader({ digest, sizes, sources }, pool),
  });
}

// A usual run tries one of them, which is another from run to run; what follows reads zstd and plain as well.
for (const form of share(["zstd", "plain", "gzip"] as const, 1, random().below(3))) {
  Deno.test(`a large blob by workers is the blob (${form})`, async () => {
    using pool = new WorkerPool(2);
    const made = bigBlob(form);
    ok(made.bytes.length > 32 * 1024 * 1024);
    const blob = open(made, { stores: [new LocalStore(made.store)] }, pool);
    sameBytes(await blob.bytes(), made.bytes);
    const [start, end] = [1_000_001, made.bytes.length - 5];
    sameBytes(await blob.slice(start, end).bytes(), made.bytes.subarray(start, end));
    // Two at a time, of the same chunks; and what the reader does to the bytes changes no others.
    const spoiled = async () => {
      let at = 0;
      for await (const piece of blob.stream()) {
        sameBytes(piece, made.bytes.subarray(at, at + piece.length));
        at += piece.length;
        piece.fill(0);
      }
      strictEqual(at, made.bytes.length);
    };
    await Promise.all([spoiled(), spoiled()]);
  });
}

inTurn()("a large blob from a web server by workers, with a cache that is filled and then used", async () => {
  using pool = new WorkerPool(2);
  const made = bigBlob("zstd");
  await using server = await startFaultyServer(
    {},
    ({ path }) => ({ body: Deno.readFileSync(made.store + path) }),
  );
  const cache = new LocalStore(shared.dir("cache"));
  const sources = { stores: [new HttpStore(server.url)], cache };
  sameBytes(await open(made, sources, pool).bytes(), made.bytes);
  const { length } = server.requests;
  ok(length >= new Set(made.ids).size);
  deepStrictEqual(filesIn(cache.properties.directory), filesIn(made.store));
  sameBytes(await open(made, sources, pool).bytes(), made.bytes);
  strictEqual(server.requests.length, length);
});

Deno.test("a chunk that is invalid or missing ends it, with the store's name, and only what is right comes before", async () => {
  using pool = new WorkerPool(2);
  const made = bigBlob("zstd");
  const blob = () => open(made, { stores: [new LocalStore(made.store)] }, pool);
  const read = async () => {
    let at = 0;
    for await (const piece of blob().stream()) {
      sameBytes(piece, made.bytes.subarray(at, at + piece.length));
      at += piece.length;
    }
  };
  const last = made.chunk(699);
  const right = Deno.readFileSync(last);
  Deno.writeFileSync(last, right.slice().fill(7, 20, 40));
  await rejects(read(), {
    code: "invalid-chunk",
    message: new RegExp(`Chunk ${made.ids[699]} in ${made.store} is invalid`),
  });
  Deno.removeSync(last);
  await rejects(read(), { code: "missing-chunk" });
  Deno.writeFileSync(last, right);
  await read();
});

Deno.test("reading a large blob can be stopped, by a signal or by not reading on", async () => {
  using pool = new WorkerPool(2);
  const made = bigBlob();
  const blob = open(made, { stores: [new LocalStore(made.store)] }, pool);
  const stop = new AbortController();
  const reading = (async () => {
    let pieces = 0;
    for await (const _ of blob.stream({ signal: stop.signal })) if (++pieces === 20) stop.abort();
  })();
  await rejects(reading, { code: "interrupted" });
  for await (const piece of blob.stream()) {
    ok(piece.length > 0);
    break;
  }
  sameBytes(await blob.bytes(), made.bytes);
});
