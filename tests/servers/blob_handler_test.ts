/** A blob in chunks as one file over HTTP. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { ChunkedBlob } from "../../src/blob/blob.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { blobHandler } from "../../src/servers/blob_handler.ts";
import type { ChunkStore } from "../../src/stores/store.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { blob, testdata } from "../support/testdata.ts";

const index = parseIndex(Deno.readFileSync(testdata("casync-blob.caibx")));
const local = new LocalStore(testdata("casync-zstd.castr"));
const etag = '"v1"';

/** The handler, and the chunks that it has fetched. */
function serving(wrap: (store: ChunkStore) => ChunkStore = (store) => store) {
  const fetched: string[] = [];
  const store = wrap(wrapStore<ChunkStore>(local, (send, { id }) => {
    fetched.push(id);
    return send();
  }));
  const problems: DesyncError[] = [];
  const from = ChunkedBlob.open(index, store, { codec: nativeCodec });
  const onProblem = (problem: DesyncError) => void problems.push(problem);
  const handler = blobHandler(from, { etag, fileName: "ü.img", onProblem });
  const ask = (headers: Record<string, string> = {}, method = "GET") =>
    handler(new Request("http://localhost/x", { method, headers }));
  return { ask, fetched, problems };
}

Deno.test("the whole blob is sent, and a part by its own chunks", async () => {
  const { ask, fetched } = serving();
  const whole = await ask();
  deepStrictEqual([whole.status, whole.headers.get("content-length")], [200, String(index.size)]);
  strictEqual(whole.headers.get("content-disposition"), "attachment; filename*=UTF-8''%C3%BC.img");
  sameBytes(await whole.bytes(), blob());
  fetched.length = 0;
  const at = index.start(5) + 10;
  const part = await ask({ range: `bytes=${at}-${at + 99}`, "if-range": etag });
  deepStrictEqual(
    [part.status, part.headers.get("content-range")],
    [206, `bytes ${at}-${at + 99}/${index.size}`],
  );
  sameBytes(await part.bytes(), blob().subarray(at, at + 100));
  deepStrictEqual(fetched, [index.id(5)]);
});

Deno.test("what needs no bytes fetches none", async () => {
  const { ask, fetched } = serving();
  const head = await ask({ range: "bytes=0-9" }, "HEAD");
  deepStrictEqual([head.status, head.headers.get("content-length")], [200, String(index.size)]);
  strictEqual((await ask({ "if-none-match": etag })).status, 304);
  const none = await ask({ range: `bytes=${index.size}-` });
  deepStrictEqual([none.status, none.headers.get("content-range")], [416, `bytes */${index.size}`]);
  strictEqual((await ask({}, "POST")).status, 405);
  deepStrictEqual(fetched, []);
});

Deno.test("a part of another version is not sent", async () => {
  const answer = await serving().ask({ range: "bytes=0-9", "if-range": '"v0"' });
  strictEqual(answer.status, 200);
  await answer.body?.cancel();
});

Deno.test("a store that fails at once is a status, one that fails later breaks the answer off", async () => {
  for (const failing of [0, index.count - 1]) {
    const { ask, problems } = serving((store) =>
      wrapStore(store, (send, { id }) => {
        if (id === index.id(failing)) throw new DesyncError("store", { reason: "gone" });
        return send();
      })
    );
    const answer = await ask();
    if (failing === 0) {
      deepStrictEqual([answer.status, await answer.text()], [502, "the store failed\n"]);
      strictEqual(problems.length, 1);
    } else {
      strictEqual(answer.status, 200);
      await rejects(answer.bytes(), { code: "store" });
      strictEqual(problems.length, 1);
    }
  }
});
