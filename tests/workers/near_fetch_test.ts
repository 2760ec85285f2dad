/** Chunks that a worker fetches over connections that wait: the right ones or none, whatever the server does. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { chunkPath } from "../../src/core/chunk.ts";
import type { ChunkId } from "../../src/core/chunk.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import {
  type Answer,
  type FaultyServer,
  type Script,
  startFaultyServer,
} from "../support/servers/faulty_server.ts";
import type { HttpRequests, NearFetched, NearFetchTasks } from "./near_fetch_thread.ts";

const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name, fn, ignore: Deno.build.os !== "linux" });

const SIZE = 100_000;

/** A chunk and what the server has under its name. */
interface Stored {
  readonly id: ChunkId;
  readonly size: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

function storedChunks(count: number): Stored[] {
  const noise = random();
  return Array.from({ length: count }, (_, i) => ({
    id: i.toString(16).padStart(64, "0") as ChunkId,
    size: SIZE,
    body: noise.bytes([0, 1, 300, 70_000, SIZE][noise.below(5)]),
  }));
}

function path({ id }: Stored): string {
  return `/store/${chunkPath(id, "compressed")}`;
}

function serving(
  stored: readonly Stored[],
  other: (i: number, right: Answer) => Answer | Answer[] = (_, right) => right,
): Script {
  return Object.fromEntries(stored.map((one, i) => [path(one), other(i, { body: one.body })]));
}

async function fetchFrom(
  { port }: { readonly port: number },
  tasks: readonly (readonly Stored[])[],
  more: Partial<HttpRequests> = {},
): Promise<NearFetched[]> {
  const requests: HttpRequests = {
    kind: "http",
    address: "127.0.0.1",
    port,
    directory: "/store/",
    form: "compressed",
    search: "",
    headers: "host: a\r\n",
    connections: 4,
    patienceMs: 30_000,
    stopped: new Int32Array(new SharedArrayBuffer(4)),
    ...more,
  };
  const worker = new Worker(new URL("./near_fetch_thread.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<NearFetched[]>) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      const wanted = tasks.map((task) => task.map(({ id, size }) => ({ id, size })));
      worker.postMessage({ requests, tasks: wanted } satisfies NearFetchTasks);
    });
  } finally {
    worker.terminate();
  }
}

/** What came is what the server has, or nothing. */
function checkRight({ bodies }: NearFetched, stored: readonly Stored[]): void {
  strictEqual(bodies.length, stored.length);
  for (const [i, body] of bodies.entries()) {
    if (body !== null && body !== "absent") sameBytes(body, stored[i].body);
  }
}

test("all chunks come whole and in order, over as many connections as allowed", async () => {
  const stored = storedChunks(40);
  await using server = await startFaultyServer(serving(stored));
  const [first, second] = await fetchFrom(server, [stored.slice(0, 25), stored.slice(25)]);
  for (const [fetched, wanted] of [[first, stored.slice(0, 25)], [second, stored.slice(25)]] as const) {
    strictEqual(fetched.failure, undefined);
    ok(!fetched.bodies.includes(null));
    checkRight(fetched, wanted);
  }
  ok(server.connections <= 4, `${server.connections}`);
  ok(server.maxInFlight <= 4);
});

test("the search part, the suffix and the headers are sent", async () => {
  const [one] = storedChunks(1);
  await using server = await startFaultyServer({
    [`/s/${chunkPath(one.id, "plain", ".key")}`]: { body: one.body },
  });
  const more = {
    directory: "/s/",
    search: "?a=b",
    form: "plain",
    suffix: ".key",
    headers: "host: h\r\nx-a: b\r\n",
  } as const;
  const [fetched] = await fetchFrom(server, [[one]], more);
  checkRight(fetched, [one]);
  ok(!fetched.bodies.includes(null));
  const [{ headers }] = server.requests;
  deepStrictEqual([headers.get("host"), headers.get("x-a")], ["h", "b"]);
});

/** What servers answer for the two names of a chunk that they do not have. */
const LACKING: readonly (readonly [compressed: number, plain: number])[] = [[404, 404], [410, 410], [
  404,
  400,
]];

for (const [compressed, plain] of LACKING) {
  test(`what is not there in either form is absent: ${compressed} and ${plain}`, async () => {
    const stored = storedChunks(30);
    const isLacking = (i: number) => i % 3 === 0;
    const answers = serving(
      stored,
      (i, right) => isLacking(i) ? { status: compressed, body: "no such file" } : right,
    );
    for (const { id } of stored) answers[`/store/${chunkPath(id, "plain")}`] = { status: plain };
    await using server = await startFaultyServer(answers);
    const [fetched] = await fetchFrom(server, [stored]);
    strictEqual(fetched.failure, undefined);
    checkRight(fetched, stored);
    deepStrictEqual(fetched.bodies.map((body) => body === "absent"), stored.map((_, i) => isLacking(i)));
    ok(!fetched.bodies.includes(null));
    strictEqual(server.requests.length, 30 + 10);
    ok(server.maxInFlight <= 4, `${server.maxInFlight}`);
  });
}

test("chunks in the other form come too", async () => {
  const stored = storedChunks(12);
  const answers = serving(stored.slice(0, 6));
  for (const { id, body } of stored.slice(6)) answers[`/store/${chunkPath(id, "plain")}`] = { body };
  await using server = await startFaultyServer(answers, () => ({ status: 404 }));
  const [fetched] = await fetchFrom(server, [stored]);
  strictEqual(fetched.failure, undefined);
  ok(!fetched.bodies.includes(null) && !fetched.bodies.includes("absent"));
  checkRight(fetched, stored);
});

test("a server that closes connections now and then, with or without a word, gets new ones", async () => {
  const stored = storedChunks(20);
  const said = { headers: { connection: "close" } };
  await using server = await startFaultyServer(
    serving(stored, (i, right) => i % 8 === 4 ? { ...right, ...said } : right),
  );
  const [fetched] = await fetchFrom(server, [stored]);
  strictEqual(fetched.failure, undefined);
  ok(!fetched.bodies.includes(null));
  checkRight(fetched, stored);

  // Once it has closed one without an answer, the request is sent again.
  const silent: Answer = { cut: { after: "request", by: "close" } };
  await using rude = await startFaultyServer(
    serving(stored, (i, right) => i === 15 ? [silent, right] : right),
  );
  const [again] = await fetchFrom(rude, [stored]);
  strictEqual(again.failure, undefined);
  ok(!again.bodies.includes(null));
  checkRight(again, stored);
});

const UNUSUAL: Readonly<Record<string, Answer>> = {
  "an error of the server": { status: 503 },
  "a redirect": { status: 302, headers: { location: "/elsewhere" } },
  "a body that is too large": { body: new Uint8Array(SIZE * 3) },
  "a length that cannot be": { body: "abc", length: 1e15 },
  "a body that is shorter than told": { body: "abc", length: 100 },
  "a body without a length": { body: "abc", length: "close" },
  "chunked encoding": { body: "abc", length: "chunked" },
  "a body that is compressed on the way": { body: "abc", headers: { "content-encoding": "gzip" } },
  "a reset": { body: "abc", cut: { after: 1, by: "reset" } },
  "silence before the answer": { cut: { after: "request", by: "silence" } },
  "silence in the middle": { body: "abcdef", cut: { after: 2, by: "silence" } },
  "a body that trickles": { body: "x".repeat(100), drip: { bytes: 1, every: 100 } },
  "a head without an end": { headers: { "x-a": "b".repeat(70_000) }, body: "abc" },
};

/** Those for which the patience is over. */
const SLOW: readonly Answer[] = Object.entries(UNUSUAL)
  .filter(([name]) => /silence|trickles/.test(name)).map(([, answer]) => answer);

for (const [name, answer] of Object.entries(UNUSUAL)) {
  test(`${name} ends the task, with nothing wrong in what came before`, async () => {
    const stored = storedChunks(20);
    await using server: FaultyServer = await startFaultyServer(
      serving(stored, (i, right) => i === 9 ? answer : right),
    );
    const more = SLOW.includes(answer) ? { patienceMs: 1000 } : {};
    const [fetched, next] = await fetchFrom(server, [stored, stored.slice(10)], more);
    strictEqual(fetched.failure, SLOW.includes(answer) ? "slow" : "unusual");
    ok(fetched.bodies.slice(9).every((body) => body === null));
    ok(!fetched.bodies.slice(0, 9).includes(null));
    checkRight(fetched, stored);
    // The next task begins anew.
    strictEqual(next.failure, undefined);
    ok(!next.bodies.includes(null));
    checkRight(next, stored.slice(10));
  });
}

test("a body that is longer than its length says ends the task, at the next answer if not at once", async () => {
  const stored = storedChunks(20);
  const longer = (i: number, right: Answer) => i === 9 ? { body: "abcdef", length: 3 } : right;
  await using server = await startFaultyServer(serving(stored, longer));
  const [fetched, next] = await fetchFrom(server, [stored, stored.slice(10)]);
  strictEqual(fetched.failure, "unusual");
  // What comes too late to be seen with this answer is taken for the next one, which it cannot be.
  const [ninth] = fetched.bodies.splice(9, 1);
  ok(ninth === null || ninth.length === 3);
  checkRight(fetched, stored.toSpliced(9, 1));
  checkRight(next, stored.slice(10));
  strictEqual(next.failure, undefined);
});

test("a server that closes each connection is left to the main thread, with what it sent", async () => {
  const stored = storedChunks(20);
  const closing = (_: number, right: Answer) => ({ ...right, headers: { connection: "close" } });
  await using server = await startFaultyServer(serving(stored, closing));
  const [fetched] = await fetchFrom(server, [stored]);
  strictEqual(fetched.failure, "unusual");
  deepStrictEqual(fetched.bodies.map((body) => body === null), stored.map((_, i) => i > 0));
  checkRight(fetched, stored);
});

test("a server whose answers take long is left to the main thread", async () => {
  const stored = storedChunks(60);
  await using server = await startFaultyServer(serving(stored, (_, right) => ({ ...right, delay: 40 })));
  const [fetched] = await fetchFrom(server, [stored], { patienceMs: 200 });
  strictEqual(fetched.failure, "slow");
  checkRight(fetched, stored);
  ok(fetched.bodies[0] !== null && fetched.bodies[59] === null);
  ok(server.requests.length < 60, `${server.requests.length}`);
});

test("nothing is requested once the work is to end", async () => {
  const stored = storedChunks(20);
  await using server = await startFaultyServer(serving(stored));
  const [fetched] = await fetchFrom(server, [stored], {
    stopped: new Int32Array(new SharedArrayBuffer(4)).fill(1),
  });
  strictEqual(fetched.failure, "unusual");
  ok(fetched.bodies.every((body) => body === null));
  strictEqual(server.requests.length, 0);
});

test("where nothing listens, nothing comes", async () => {
  const stored = storedChunks(3);
  const [fetched] = await fetchFrom({ port: 1 }, [stored]);
  deepStrictEqual(fetched, { bodies: [null, null, null], failure: "unusual" });
});

test("IPv6", async () => {
  const stored = storedChunks(3);
  const server = Deno.serve({ hostname: "::1", port: 0, onListen: () => {} }, (request) => {
    const found = stored.find((one) => request.url.endsWith(path(one)));
    return new Response(found?.body ?? null, { status: found === undefined ? 404 : 200 });
  });
  try {
    const [fetched] = await fetchFrom(server.addr, [stored], { address: "::1", headers: "host: [::1]\r\n" });
    checkRight(fetched, stored);
    ok(!fetched.bodies.includes(null));
  } finally {
    await server.shutdown();
  }
});
