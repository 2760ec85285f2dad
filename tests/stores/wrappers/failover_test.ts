/** Groups of stores: members are real servers that die and come back, and directories. */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { DesyncError } from "../../../src/core/errors.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { LocalStore } from "../../../src/deno/store/local_store.ts";
import { HttpStore } from "../../../src/stores/http/http_store.ts";
import type { ChunkStore } from "../../../src/stores/store.ts";
import { ChunkReader } from "../../../src/stores/wrappers/chunk_reader.ts";
import { type Failover, FailoverGroup } from "../../../src/stores/wrappers/failover.ts";
import { retryStore } from "../../../src/stores/wrappers/retry.ts";
import { type Made, makeBlob, somePieces } from "../../support/made.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";

/** A web server of a directory, which can be stopped, and started again where it was. */
class Mirror implements AsyncDisposable {
  readonly port: number;
  /** Answers with this status where it is set. */
  status: number | undefined;
  /** Requests so far. */
  requests = 0;
  readonly #root: string;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;

  constructor(root: string) {
    this.#root = root;
    this.#server = this.#start(0);
    this.port = this.#server.addr.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async die(): Promise<void> {
    await this.#server?.shutdown();
    this.#server = undefined;
  }

  comeBack(): void {
    this.#server = this.#start(this.port);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.die();
  }

  #start(port: number): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, (request) => {
      this.requests++;
      const headers = { connection: "close" };
      if (this.status !== undefined) return new Response(null, { status: this.status, headers });
      try {
        const bytes = Deno.readFileSync(join(this.#root, new URL(request.url).pathname));
        return new Response(bytes, { headers });
      } catch {
        return new Response(null, { status: 404, headers });
      }
    });
  }
}

function storeOn(mirror: Mirror, retries = 1): ChunkStore {
  return retryStore(new HttpStore(mirror.url), { retries, baseIntervalMs: 1 });
}

function groupOf(members: readonly ChunkStore[]): { group: FailoverGroup; switches: Failover[] } {
  const switches: Failover[] = [];
  return { group: new FailoverGroup(members, { onFailover: (one) => switches.push(one) }), switches };
}

async function isRight(store: ChunkStore, made: Made): Promise<void> {
  const reader = new ChunkReader({ stores: [store] }, nativeCodec);
  sameBytes(await reader.read({ id: made.ids[0], digest: "sha512-256" }), somePieces()[0]);
}

Deno.test("the active member gets all requests until it fails, then the next one does, and so on around", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using a = new Mirror(made.store);
  await using b = new Mirror(made.store);
  const { group, switches } = groupOf([storeOn(a), storeOn(b)]);
  await isRight(group, made);
  deepStrictEqual([a.requests, b.requests], [1, 0]);
  await a.die();
  await isRight(group, made);
  await isRight(group, made);
  deepStrictEqual([a.requests, b.requests], [1, 2]);
  // It is not asked again because it is back, only because the other one fails.
  a.comeBack();
  strictEqual(await group.has(made.ids[0]), true);
  strictEqual(await group.storedSize(made.ids[0]), Deno.statSync(made.chunk(0)).size);
  deepStrictEqual([a.requests, b.requests], [1, 4]);
  b.status = 500;
  await isRight(group, made);
  // With its retry, which belongs to the member.
  deepStrictEqual([a.requests, b.requests], [2, 6]);
  deepStrictEqual(switches.map(({ failed, active }) => [failed, active]), [[a.url, b.url], [b.url, a.url]]);
});

Deno.test("a missing chunk is not a failure", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using empty = new Mirror(dir.dir("empty"));
  await using full = new Mirror(made.store);
  const { group, switches } = groupOf([storeOn(empty), storeOn(full)]);
  strictEqual(await group.get(made.ids[0]), null);
  strictEqual(await group.has(made.ids[0]), false);
  strictEqual(await group.storedSize(made.ids[0]), null);
  deepStrictEqual([full.requests, switches.length], [0, 0]);
  strictEqual(group.properties.found, false);
});

Deno.test("of many requests that fail at once, one makes the next member active", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using a = new Mirror(made.store);
  await using b = new Mirror(made.store);
  await using c = new Mirror(made.store);
  const { group, switches } = groupOf([storeOn(a), storeOn(b), storeOn(c)]);
  a.status = 503;
  await Promise.all(Array.from({ length: 50 }, () => isRight(group, made)));
  deepStrictEqual(switches.map(({ active }) => active), [b.url]);
  strictEqual(c.requests, 0);
  b.status = 503;
  a.status = undefined;
  await Promise.all(Array.from({ length: 50 }, () => isRight(group, made)));
  deepStrictEqual(switches.map(({ active }) => active), [b.url, c.url]);
});

Deno.test("when all fail, the error names each with its reason, and later requests try again", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using a = new Mirror(made.store);
  await using b = new Mirror(made.store);
  a.status = 403;
  await b.die();
  const { group } = groupOf([storeOn(a), storeOn(b)]);
  const [id] = made.ids;
  await Promise.all(Array.from({ length: 10 }, async () => {
    const error = await group.get(id).then(() => undefined, (error) => error);
    ok(error instanceof DesyncError && error.code === "store" && !error.retriable);
    const line = `Cannot read chunk ${id}: all stores of the group failed: ${a.url}: HTTP status 403`;
    ok(error.message.startsWith(line), error.message);
    ok(error.message.includes(`; ${b.url}: `) && error.message.includes("tried 2 times"), error.message);
    deepStrictEqual([error.chunk, error.store], [id, `${a.url}|${b.url}`]);
  }));
  a.status = undefined;
  await isRight(group, made);
  a.status = 500;
  b.comeBack();
  await isRight(group, made);
});

Deno.test("a damaged chunk is taken from another member, which does not become active", async () => {
  using dir = tempDir();
  const good = makeBlob(dir, somePieces(), { name: "good" });
  const bad = makeBlob(dir, somePieces(), { name: "bad" });
  Deno.writeFileSync(bad.chunk(0), Deno.readFileSync(good.chunk(1)));
  await using remote = new Mirror(bad.store);
  for (const member of [() => storeOn(remote), () => new LocalStore(bad.store)]) {
    const { group, switches } = groupOf([member(), new LocalStore(good.store)]);
    await isRight(group, good);
    deepStrictEqual(switches, []);
  }
  const { group } = groupOf([storeOn(remote), new LocalStore(bad.store)]);
  await rejects(isRight(group, good), (error: DesyncError) => {
    strictEqual(error.code, "invalid-chunk");
    return error.message.includes(remote.url) && error.message.includes(bad.store);
  });
});

Deno.test("what the caller ended is no failure of the member", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, somePieces());
  await using a = new Mirror(made.store);
  const { group, switches } = groupOf([storeOn(a), new LocalStore(made.store)]);
  await rejects(group.get(made.ids[0], { signal: AbortSignal.abort() }), { code: "interrupted" });
  deepStrictEqual(switches, []);
});

Deno.test("a group knows what suits all of its members", () => {
  const member = (location: string, probe: "cheap" | "by-get", max: number): ChunkStore => ({
    properties: { location, probe, concurrency: { start: max / 2, max } },
    get: () => Promise.resolve(null),
    has: () => Promise.resolve(false),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  const { location, probe, concurrency, directory } =
    new FailoverGroup([member("x://a", "cheap", 8), member("x://b", "by-get", 4)]).properties;
  deepStrictEqual(
    { location, probe, concurrency, directory },
    { location: "x://a|x://b", probe: "by-get", concurrency: { start: 2, max: 4 }, directory: undefined },
  );
  ok(!("put" in new FailoverGroup([member("x://a", "cheap", 8)])));
});
