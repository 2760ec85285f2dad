/** The library's handlers, behind a real server. */
import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { DesyncError } from "../../src/core/errors.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { IndexDirectory } from "../../src/deno/store/index_directory.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { chunkHandler, indexHandler } from "../../src/servers/fetch_handlers.ts";
import { HttpStore } from "../../src/stores/http/http_store.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { stored } from "../support/made.ts";
import { readOnlyStore } from "../support/servers/read_only_store.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { RemoteStore } from "../support/servers/remote_store.ts";
import { tempDir } from "../support/temp.ts";
import { sample } from "./chunks/samples.ts";

/** Serves on a port of this machine. */
function serving(handler: (request: Request) => Promise<Response>) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
  return { url: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("chunks are uploaded, asked for, and read by this library's store", async () => {
  using dir = tempDir();
  const store = new LocalStore(dir.dir("store"));
  await using server = serving(chunkHandler(store, { codec: nativeCodec, writable: true }));
  const { id, path, zstd, bytes } = sample();
  const url = server.url + path.compressed;
  for (const expected of [404, 200]) {
    const head = await fetch(url, { method: "HEAD" });
    deepStrictEqual([head.status, await head.text()], [expected, ""]);
    if (expected === 404) {
      strictEqual(await (await fetch(url, { method: "PUT", body: zstd.slice() })).text(), "stored\n");
    }
  }
  const answer = await fetch(server.url + path.plain);
  deepStrictEqual([answer.status, answer.headers.get("content-length")], [200, "4000"]);
  sameBytes(await answer.bytes(), bytes);
  const reader = new HttpStore(server.url);
  sameBytes((await reader.get(id))!.bytes, zstd);
  // Twice read, it is in memory, which knows how long it is.
  await (await fetch(url)).bytes();
  strictEqual((await fetch(url, { method: "HEAD" })).headers.get("content-length"), String(zstd.length));
  strictEqual((await fetch(`${url}?query`, { headers: { "if-none-match": `W/"${id}.cacnk"` } })).status, 304);
  const part = await fetch(url, { headers: { range: "bytes=0-3" } });
  sameBytes(await part.bytes(), new Uint8Array([0x28, 0xb5, 0x2f, 0xfd]));
});

Deno.test("HEAD has the length of the body of a GET where a file has it, and none for what is converted", async () => {
  using dir = tempDir();
  const { id, bytes, zstd, path } = sample();
  const put = (store: string, name: string, content: Uint8Array) =>
    dir.write(`${store}/${id.slice(0, 4)}/${name}`, content);
  put("zstd", `${id}.cacnk`, zstd);
  put("plain", id, bytes);
  put("gzip", `${id}.cacnk`, stored(bytes, "gzip"));
  put("both", `${id}.cacnk`, zstd);
  put("both", id, bytes);
  const expected: Record<string, (number | undefined)[]> = {
    zstd: [zstd.length, undefined],
    plain: [undefined, bytes.length],
    gzip: [undefined, undefined],
    both: [undefined, undefined],
  };
  for (const [name, lengths] of Object.entries(expected)) {
    const store = new LocalStore(dir.path(name));
    await using server = serving(chunkHandler(store, { codec: nativeCodec }));
    for (const [i, form] of (["compressed", "plain"] as const).entries()) {
      const url = server.url + path[form];
      const head = await fetch(url, { method: "HEAD" });
      // Deno's server answers 0 where nothing is known.
      const length = Number(head.headers.get("content-length")) || undefined;
      deepStrictEqual([name, head.status, length], [name, 200, lengths[i]]);
      const got = (await (await fetch(url)).bytes()).length;
      if (length !== undefined) strictEqual(length, got);
    }
    if (name !== "zstd") continue;
    strictEqual(await new HttpStore(server.url).storedSize(id), zstd.length);
    // Behind a cache, a GET may give other bytes.
    const cached = chunkHandler({ stores: [store], cache: new MemoryStore() }, { codec: nativeCodec });
    await using second = serving(cached);
    const head = await fetch(second.url + path.compressed, { method: "HEAD" });
    strictEqual(Number(head.headers.get("content-length")), 0);
  }
});

Deno.test("authorization and origins are options of both", async () => {
  const options = { authorization: "Bearer x", cors: ["https://example.com"] };
  const handlers = [
    chunkHandler(new RemoteStore(), options),
    indexHandler({ read: () => Promise.reject() }, options),
  ];
  for (const handler of handlers) {
    const ask = (headers: Record<string, string>, method = "GET") =>
      handler(
        new Request("http://localhost/x", { method, headers: { origin: "https://example.com", ...headers } }),
      );
    const refused = await ask({});
    deepStrictEqual([refused.status, refused.headers.get("access-control-allow-origin")], [
      401,
      "https://example.com",
    ]);
    strictEqual((await ask({ authorization: "Bearer x" })).status, 400);
    strictEqual((await ask({ "access-control-request-method": "PUT" }, "OPTIONS")).status, 204);
  }
});

Deno.test("an operator gets to know of failures, not of each", async () => {
  const broken = wrapStore(new RemoteStore(), () => {
    throw new DesyncError("timeout", { reason: "no answer" });
  });
  const problems: string[] = [];
  const handler = chunkHandler(broken, { onProblem: ({ message }) => problems.push(message) });
  for (let i = 0; i < 5; i++) {
    strictEqual((await handler(new Request(`http://localhost${sample().path.plain}`))).status, 504);
  }
  deepStrictEqual(problems, ["no answer"]);
});

Deno.test("handlers that cannot write are not made writable", () => {
  throws(() => chunkHandler(readOnlyStore, { writable: true }), { code: "usage" });
  throws(() => chunkHandler({ stores: [] }, { writable: true }), { code: "usage" });
  throws(() => indexHandler({ read: () => Promise.reject() }, { writable: true }), { code: "usage" });
});

Deno.test("indexes are uploaded and read", async () => {
  using dir = tempDir();
  await using server = serving(indexHandler(new IndexDirectory(dir.dir("indexes")), { writable: true }));
  const file = Deno.readFileSync("testdata/casync-blob.caibx");
  const url = `${server.url}/a%20blob.caibx`;
  const put = await fetch(url, { method: "PUT", body: file, headers: { "if-none-match": "*" } });
  deepStrictEqual([put.status, await put.text()], [200, "stored\n"]);
  sameBytes(Deno.readFileSync(dir.path("indexes/a blob.caibx")), file);
  const answer = await fetch(url);
  match(answer.headers.get("etag")!, /^"[0-9a-f]{64}"$/);
  strictEqual(parseIndex(await answer.bytes()).count, parseIndex(file).count);
  // The client's URL has no dots left, so this one is not below the server.
  strictEqual(await statusAt(`${server.url}/../a%20blob.caibx`), 200);
  strictEqual(await statusAt(`${server.url}/..%2fa%20blob.caibx`), 400);
});

async function statusAt(url: string): Promise<number> {
  const answer = await fetch(url);
  await answer.body?.cancel();
  return answer.status;
}
