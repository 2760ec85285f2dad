/** Indexes over HTTP: which request gets what. */
import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { DesyncError } from "../../../src/core/errors.ts";
import { IndexDirectory } from "../../../src/deno/store/index_directory.ts";
import { Index, serializeIndex } from "../../../src/formats/index/index.ts";
import type { Handler } from "../../../src/servers/handler.ts";
import { answerIndexes } from "../../../src/servers/indexes/index_handler.ts";
import { ServedIndexes, type ServedIndexesOptions } from "../../../src/servers/indexes/served_indexes.ts";
import type { IndexStore, WritableIndexStore } from "../../../src/stores/index_store.ts";
import { filesIn } from "../../support/files.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { sha256 } from "../../support/sha.ts";
import { tempDir } from "../../support/temp.ts";
import { ask, pieces, settled } from "../requests.ts";

/** An index of so many chunks. */
function indexOf(count: number): Index {
  const header = { flags: 0xb000000000000000n, sizes: { min: 16384, avg: 65536, max: 262144 } };
  return new Index(header, Float64Array.from({ length: count }, (_, i) => i + 1), new Uint8Array(32 * count));
}
const [first, second] = [indexOf(3), indexOf(4)].map(serializeIndex);

/** Indexes in memory, which can be made to wait. */
class MemoryIndexes implements WritableIndexStore {
  readonly indexes = new Map<string, Index>();
  readonly requests: string[] = [];
  wait: () => Promise<void> = () => Promise.resolve();

  async read(name: string): Promise<Index> {
    this.requests.push(`read ${name}`);
    const index = this.indexes.get(name);
    await this.wait();
    if (index === undefined) throw new DesyncError("missing-file", { reason: "no such file" });
    return index;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  async write(name: string, index: Index): Promise<void> {
    this.requests.push(`write ${name}`);
    await this.wait();
    this.indexes.set(name, index);
  }
}

function server(store: IndexStore, options: ServedIndexesOptions = { writable: true }): Handler {
  return answerIndexes(new ServedIndexes(store, options));
}

Deno.test("an index of a directory is served with a tag by which caches check it, and replaced as a whole", async () => {
  using dir = tempDir();
  const handler = server(new IndexDirectory(dir.dir("indexes")));
  strictEqual((await ask(handler, "GET", "/a.caibx")).status, 404);
  strictEqual((await ask(handler, "HEAD", "/a.caibx")).status, 404);
  deepStrictEqual((await ask(handler, "PUT", "/a.caibx", { body: first })).text, "stored\n");
  const { status, headers, body } = await ask(handler, "GET", "/a.caibx");
  strictEqual(status, 200);
  sameBytes(body!, first);
  const etag = `"${sha256(first)}"`;
  deepStrictEqual(headers, {
    "content-type": "application/octet-stream",
    "accept-ranges": "bytes",
    "cache-control": "no-cache",
    etag,
  });
  const head = await ask(handler, "HEAD", "/a.caibx");
  deepStrictEqual([head.status, head.body, head.length], [200, undefined, first.length]);
  const known = { "if-none-match": etag };
  strictEqual((await ask(handler, "GET", "/a.caibx", { headers: known })).status, 304);
  const part = { range: "bytes=-8", "if-range": etag };
  sameBytes((await ask(handler, "GET", "/a.caibx", { headers: part })).body!, first.subarray(-8));
  await ask(handler, "PUT", "/a.caibx", { body: second });
  const again = await ask(handler, "GET", "/a.caibx", { headers: known });
  strictEqual(again.status, 200);
  sameBytes(again.body!, second);
  deepStrictEqual(filesIn(dir.path("indexes")), ["a.caibx"]);
});

Deno.test("only one name right below the server is an index", async () => {
  const store = new MemoryIndexes();
  const handler = server(store);
  const wrong = [
    "",
    "/",
    "*",
    "a.caibx",
    "/..",
    "/a",
    "/blob1",
    "/a.CAIBX",
    "/a.caibx.tmp",
    "/a.caibx/",
    "/a.caibx%20",
    "/a.caibx%00",
    "/%00a.caibx",
    "//a.caibx",
    "/x/a.caibx",
    "/./a.caibx",
    "/../a.caibx",
    "/%2e%2e/a.caibx",
    "/%2e%2e%2fa.caibx",
    "/..%2f..%2fa.caibx",
    "/..%5C..%5Cevil.caibx",
    "/..\\a.caibx",
    "/.a.caibx",
    "/.caibx",
    "/-a.caibx",
    "/-/metrics",
    "/c:a.caibx",
    "/a.caibx:stream.caibx",
    "/con.caibx",
    "/LPT1.x.caibx",
    "/a%0a.caibx",
    "/a%7f.caibx",
    "/a%c2%85.caibx",
    "/%",
    "/%zz.caibx",
    "/%ff.caibx",
    "/%c0%ae.caibx",
    "/ä.caibx",
    "/a b.caibx",
    "/a.caibx?x",
    `/${"a".repeat(250)}.caibx`,
    `/${"%e2%82%ac".repeat(84)}.caibx`,
  ];
  for (const method of ["GET", "HEAD", "PUT"]) {
    for (const path of wrong) {
      const { status, text } = await ask(handler, method, path, { body: first });
      deepStrictEqual(
        [status, text],
        [400, "the path is not that of an index: /<name>\n"],
        `${method} ${path}`,
      );
    }
  }
  deepStrictEqual(store.requests, []);
});

Deno.test("a name is decoded once, and encoded as the store wants it", async () => {
  const names = [["/a%20b%2525.caidx", "a b%25.caidx"], ["/%c3%a4.caibx", "ä.caibx"], [
    "/a.b.caibx",
    "a.b.caibx",
  ]];
  for (const [path, name] of names) {
    const plain = new MemoryIndexes();
    strictEqual((await ask(server(plain), "PUT", path, { body: first })).status, 200);
    deepStrictEqual([...plain.indexes.keys()], [name]);
    const url = new MemoryIndexes();
    const handler = server(url, { writable: true, encodeName: encodeURIComponent });
    strictEqual((await ask(handler, "PUT", path, { body: first })).status, 200);
    deepStrictEqual([...url.indexes.keys()], [encodeURIComponent(name)]);
    strictEqual((await ask(handler, "GET", path)).status, 200);
  }
});

Deno.test("what is not an index is neither stored nor served", async () => {
  using dir = tempDir();
  const handler = server(new IndexDirectory(dir.dir("indexes")));
  let read = 0;
  async function* endless() {
    while (true) {
      read++;
      yield await Promise.resolve(new Uint8Array(1000));
    }
  }
  const bodies = [
    new TextEncoder().encode("invalid"),
    new Uint8Array(0),
    first.subarray(0, first.length - 1),
    new Uint8Array([...first, 0]),
    first.with(30, 255),
  ];
  for (const body of [...bodies.map((bytes) => pieces(bytes)), endless()]) {
    const { status, text } = await ask(handler, "PUT", "/a.caibx", { body });
    strictEqual(status, 415, text);
    match(text, /^the body is not a valid index: [^\n]+\n$/);
  }
  // Seen as soon as that can be.
  strictEqual(read, 1);
  deepStrictEqual(filesIn(dir.path("indexes")), []);
  dir.write("indexes/b.caibx", "something else");
  const { status, text } = await ask(handler, "GET", "/b.caibx");
  deepStrictEqual([status, text], [502, "the file in the store is not an index\n"]);
  dir.dir("indexes/c.caibx");
  strictEqual((await ask(handler, "GET", "/c.caibx")).status, 502);
});

Deno.test("a body has bounds", async () => {
  const handler = server(new MemoryIndexes(), { writable: true, memoryBytes: 200 });
  const { status, text } = await ask(handler, "PUT", "/a.caibx", { body: first });
  deepStrictEqual([status, text], [413, "the body is larger than the limit of 200 bytes\n"]);
  strictEqual((await ask(handler, "PUT", "/a.caibx", { body: pieces(first) })).status, 413);
  strictEqual((await ask(handler, "PUT", "/a.caibx", { body: serializeIndex(indexOf(1)) })).status, 200);
});

Deno.test("an index is replaced only under the conditions of the request", async () => {
  const store = new MemoryIndexes();
  const handler = server(store);
  const put = async (body: Uint8Array, headers: Readonly<Record<string, string>>) =>
    (await ask(handler, "PUT", "/a.caibx", { body, headers })).status;
  const [one, two] = [first, second].map((bytes) => `"${sha256(bytes)}"`);
  strictEqual(await put(first, { "if-match": "*" }), 412);
  strictEqual(await put(first, { "if-match": one }), 412);
  strictEqual(await put(first, { "if-none-match": "*" }), 200);
  strictEqual(await put(second, { "if-none-match": "*" }), 412);
  strictEqual(await put(second, { "if-none-match": one }), 412);
  strictEqual(await put(second, { "if-match": two }), 412);
  sameBytes(serializeIndex(store.indexes.get("a.caibx")!), first);
  strictEqual(await put(second, { "if-match": `"x", ${one}` }), 200);
  strictEqual(await put(first, { "if-match": one }), 412);
  strictEqual(await put(first, { "if-match": "*", "if-none-match": one }), 200);
});

Deno.test("of concurrent uploads that must be the first, one is", async () => {
  const store = new MemoryIndexes();
  store.wait = settled;
  const handler = server(store);
  const uploads = Array.from({ length: 20 }, (_, i) => {
    const body = serializeIndex(indexOf(i + 1));
    return ask(handler, "PUT", "/a.caibx", { body, headers: { "if-none-match": "*" } });
  });
  const statuses = (await Promise.all(uploads)).map(({ status }) => status);
  deepStrictEqual(statuses.filter((status) => status === 200).length, 1);
  deepStrictEqual(statuses.filter((status) => status === 412).length, 19);
  strictEqual(store.requests.filter((request) => request.startsWith("write")).length, 1);
});

Deno.test("an upload that fails does not keep the next one waiting", async () => {
  const store = new MemoryIndexes();
  const handler = server(store);
  let writes = 0;
  store.wait = async () => {
    await settled();
    if (writes++ === 0) throw new DesyncError("io", { reason: "broken" });
  };
  const uploads = [first, second].map((body) => ask(handler, "PUT", "/a.caibx", { body }));
  deepStrictEqual((await Promise.all(uploads)).map(({ status }) => status), [500, 200]);
  sameBytes(serializeIndex(store.indexes.get("a.caibx")!), second);
});

Deno.test("concurrent requests share a reading, and none gets what was replaced before it came", async () => {
  const store = new MemoryIndexes();
  const handler = server(store);
  store.indexes.set("a.caibx", indexOf(3));
  const gate = Promise.withResolvers<void>();
  store.wait = () => gate.promise;
  const early = ask(handler, "GET", "/a.caibx");
  await settled();
  // Another program replaces it while it is being read.
  store.indexes.set("a.caibx", indexOf(4));
  const late = Array.from({ length: 100 }, () => ask(handler, "GET", "/a.caibx"));
  gate.resolve();
  sameBytes((await early).body!, first);
  const answers = await Promise.all(late);
  for (const { body } of answers) sameBytes(body!, second);
  deepStrictEqual(store.requests, ["read a.caibx", "read a.caibx"]);
  strictEqual(new Set(answers.map(({ body }) => body)).size, 1);
});

Deno.test("answers that are still being sent share the bytes with later ones", async () => {
  const store = new MemoryIndexes();
  const handler = server(store);
  store.indexes.set("a.caibx", indexOf(3));
  const [one, other] = [await ask(handler, "GET", "/a.caibx"), await ask(handler, "GET", "/a.caibx")];
  strictEqual(one.body!.buffer, other.body!.buffer);
  store.indexes.set("a.caibx", indexOf(4));
  sameBytes((await ask(handler, "GET", "/a.caibx")).body!, second);
  sameBytes(one.body!, first);
});

Deno.test("nothing is replaced unless that is enabled, and a store that takes nothing is refused", async () => {
  const store = new MemoryIndexes();
  const { status, text } = await ask(server(store, {}), "PUT", "/a.caibx", { body: first });
  deepStrictEqual([status, text], [400, "writing to upstream index store is not enabled\n"]);
  deepStrictEqual(store.requests, []);
  throws(() => server({ read: () => store.read("a") }, { writable: true }), { code: "usage" });
  for (const writable of [true, false]) {
    const answer = await ask(server(store, { writable }), "DELETE", "/a.caibx");
    deepStrictEqual([answer.status, answer.headers.allow], [405, writable ? "GET, HEAD, PUT" : "GET, HEAD"]);
  }
});

Deno.test("a store that fails is not one that lacks the index", async () => {
  const problems: string[] = [];
  const store = {
    read: () =>
      Promise.reject(new DesyncError("timeout", { action: "read", subject: "/x", reason: "no answer" })),
  };
  const handler = answerIndexes(new ServedIndexes(store), {
    onProblem: ({ message }) => problems.push(message),
  });
  const { status, text } = await ask(handler, "GET", "/a.caibx");
  deepStrictEqual([status, text], [504, "the store did not answer in time\n"]);
  deepStrictEqual(problems, ["Cannot read /x: no answer"]);
});
