/** Jobs that are large enough for workers, which fetch by themselves what is near: the same comes of them whatever happens. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { type Answer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { type TempDir, tempDir } from "../../support/temp.ts";

/** From 40 MB on there are workers from the beginning. */
const BYTES = 48_000_000;

interface Made {
  readonly blob: Uint8Array;
  readonly index: string;
  readonly store: string;
}

/** What may be requested twice: what was under way when a busy machine took its server for a slow one. */
const FEW = 64;

let made: Promise<Made> | undefined;
const dir: TempDir = tempDir();
addEventListener("unload", () => dir[Symbol.dispose]());

/** One for all tests here. */
function makeStore(): Promise<Made> {
  return made ??= (async () => {
    const blob = random(1).bytes(BYTES);
    const [file, index, store] = [dir.write("blob", blob), dir.path("blob.caibx"), dir.path("blob.castr")];
    const { code, stderr } = await runCli(["make", "-m", "32:128:512", "-s", store, index, file]);
    strictEqual(code, 0, stderr);
    return { blob, index, store };
  })();
}

/** Serves the store; `fault` says what is answered instead, by the number of the request for a chunk. */
function serve(store: string, fault: (request: number, right: Answer) => Answer) {
  let requests = 0;
  return startFaultyServer({}, ({ path }) => {
    let body: Uint8Array<ArrayBuffer>;
    try {
      body = Deno.readFileSync(`${store}${path.slice("/store".length)}`);
    } catch {
      return { status: 404 };
    }
    return fault(requests++, { body });
  });
}

async function extract(
  fault: (request: number, right: Answer) => Answer,
  ...options: string[]
): Promise<{ requests: number; atOnce: number }> {
  const { blob, index, store } = await makeStore();
  await using server = await serve(store, fault);
  const output = dir.path("output");
  const { code, stderr } = await runCli(["extract", ...options, "-s", `${server.url}/store/`, index, output]);
  strictEqual(code, 0, stderr);
  sameBytes(Deno.readFileSync(output), blob);
  Deno.removeSync(output);
  return { requests: server.requests.length, atOnce: server.maxInFlight };
}

const FAULTS: Readonly<Record<string, (request: number, right: Answer) => Answer>> = {
  "nothing": (_, right) => right,
  "an error now and then": (request, right) => request % 50 === 40 ? { status: 503 } : right,
  "a damaged chunk now and then": (request, right) =>
    request % 50 === 40 ? { body: new Uint8Array(5000) } : right,
  "a reset now and then": (request, right) =>
    request % 100 === 80 ? { ...right, cut: { after: 1000, by: "reset" } } : right,
  "a chunk that is not found at first": (request, right) => request % 100 === 80 ? { status: 500 } : right,
  "chunked encoding": (_, right) => ({ ...right, length: "chunked" }),
  "connections that are closed": (_, right) => ({ ...right, headers: { connection: "close" } }),
  "latency": (_, right) => ({ ...right, delay: 30 }),
  "an answer that takes long now and then": (request, right) =>
    request % 40 === 39 ? { ...right, delay: 300 } : right,
};

/** Refuses what is more than so many requests a second, and a few at once. */
function limited(perSecond: number, atOnce: number): (request: number, right: Answer) => Answer {
  let [tokens, last] = [atOnce, performance.now()];
  return (_, right) => {
    const now = performance.now();
    tokens = Math.min(atOnce, tokens + (now - last) * perSecond / 1000);
    last = now;
    if (tokens < 1) return { status: 503 };
    tokens--;
    return right;
  };
}

Deno.test("a server that takes few requests a second answers all in the end", async () => {
  ok((await extract(limited(150, 10))).requests > 0);
});

for (const [name, fault] of Object.entries(FAULTS)) {
  Deno.test(`extract of much over HTTP: ${name}`, async () => {
    ok((await extract(fault)).requests > 0);
  });
}

Deno.test("no chunk is requested twice where all is well", async () => {
  const { index } = await makeStore();
  const { stdout } = await runCli(["list-chunks", index]);
  const { requests } = await extract((_, right) => right);
  const chunks = new Set(stdout.trim().split("\n")).size;
  ok(requests >= chunks && requests <= chunks + FEW, `${requests} for ${chunks}`);
});

Deno.test("no more requests are made at a time than -n says", async () => {
  for (const most of [1, 2, 3, 5]) {
    const { atOnce } = await extract((_, right) => right, "-n", `${most}`);
    ok(atOnce <= most, `${atOnce} instead of ${most}`);
  }
});

/** How often each path was requested. */
function countPaths(requests: readonly { readonly path: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { path } of requests) counts.set(path, (counts.get(path) ?? 0) + 1);
  return counts;
}

Deno.test("a store that lacks chunks is asked for them once in each form, then the next is", async () => {
  const { blob, index, store } = await makeStore();
  const chunks = new Set((await runCli(["list-chunks", index])).stdout.trim().split("\n"));
  const lacking = [...chunks].filter((id) => id < "8");
  await using half = await startFaultyServer({}, ({ path }) => {
    const [, form] = /\/([^/]*)$/.exec(path)!;
    if (form < "8" || !path.endsWith(".cacnk")) return { status: 404 };
    return { body: Deno.readFileSync(`${store}${path.slice("/store".length)}`) };
  });
  await using whole = await serve(store, (_, right) => right);
  const output = dir.path("output");
  const stores = ["-s", `${half.url}/store/`, "-s", `${whole.url}/store/`];
  const { code, stderr } = await runCli(["extract", ...stores, index, output]);
  strictEqual(code, 0, stderr);
  sameBytes(Deno.readFileSync(output), blob);
  Deno.removeSync(output);
  strictEqual(countPaths(half.requests).size, chunks.size + lacking.length);
  strictEqual(countPaths(whole.requests).size, lacking.length);
  ok(half.requests.length <= chunks.size + lacking.length + FEW, `${half.requests.length}`);
  ok(whole.requests.length <= lacking.length + FEW, `${whole.requests.length}`);
});

Deno.test("a server that redirects each request gets one for each chunk", async () => {
  const { index, store } = await makeStore();
  const chunks = new Set((await runCli(["list-chunks", index])).stdout.trim().split("\n"));
  await using elsewhere = await serve(store, (_, right) => right);
  await using server = await startFaultyServer({}, ({ path }) => ({
    status: 302,
    headers: { location: `${elsewhere.url}${path}` },
    body: "moved",
  }));
  const output = dir.path("output");
  const { code, stderr } = await runCli(["extract", "-s", `${server.url}/store/`, index, output]);
  strictEqual(code, 0, stderr);
  Deno.removeSync(output);
  deepStrictEqual([server.requests.length, elsewhere.requests.length], [chunks.size, chunks.size]);
});

Deno.test("a store in the middle that lacks chunks, and a wrong chunk that stays wrong", async () => {
  const { blob, index, store } = await makeStore();
  await using half = await serve(store, (request, right) => request % 2 === 0 ? { status: 404 } : right);
  await using whole = await serve(store, (_, right) => right);
  const output = dir.path("output");
  const stores = ["-s", `${half.url}/store/`, "-s", `${whole.url}/store/`];
  const { code, stderr } = await runCli(["extract", ...stores, index, output]);
  strictEqual(code, 0, stderr);
  sameBytes(Deno.readFileSync(output), blob);
  Deno.removeSync(output);

  const { stdout } = await runCli(["list-chunks", index]);
  const id = stdout.trim().split("\n").at(-1)!;
  await using wrong = await startFaultyServer({}, ({ path }) => {
    const body = path.includes(id)
      ? new Uint8Array(100)
      : Deno.readFileSync(`${store}${path.slice("/store".length)}`);
    return { body };
  });
  const failed = await runCli(["extract", "-s", `${wrong.url}/store/`, index, output]);
  strictEqual(failed.code, 1);
  match(failed.stderr, new RegExp(`${id}.*\n$`));
  match(failed.stderr, /^[^\n]*\n$/);
});

Deno.test("cat and cache of much over HTTP", async () => {
  const { blob, index, store } = await makeStore();
  await using server = await serve(store, (_, right) => right);
  const source = `${server.url}/store/`;
  const output = dir.path("cat");
  const cat = await runCli(["cat", "-s", source, index, output]);
  strictEqual(cat.code, 0, cat.stderr);
  sameBytes(Deno.readFileSync(output), blob);
  const other = dir.path("other.castr");
  const cached = await runCli(["cache", "-s", source, "-c", other, index]);
  strictEqual(cached.code, 0, cached.stderr);
  const verified = await runCli(["extract", "-s", other, index, dir.path("from-other")]);
  strictEqual(verified.code, 0, verified.stderr);
  sameBytes(Deno.readFileSync(dir.path("from-other")), blob);
});
