import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { MemoryStore } from "../../../src/stores/memory.ts";
import type { ChunkStore } from "../../../src/stores/store.ts";
import { limitStore } from "../../../src/stores/wrappers/limit_store.ts";
import { Limiter } from "../../../src/stores/wrappers/limiter.ts";

const later = (milliseconds: number) =>
  new Promise<number>((resolve) => setTimeout(resolve, milliseconds, 1000));

/** Makes the requests and returns the most that were in flight at once. */
async function most(limiter: Limiter, requests: number, request: () => Promise<number>): Promise<number> {
  let inFlight = 0;
  let most = 0;
  const one = async () => {
    most = Math.max(most, ++inFlight);
    try {
      return await request();
    } finally {
      inFlight--;
    }
  };
  const all = Array.from({ length: requests }, () => limiter.run(one, (bytes) => bytes));
  await Promise.allSettled(all);
  return most;
}

Deno.test("no more than the limit are in flight, also when requests fail", async () => {
  const limiter = new Limiter({ start: 3, max: 3 });
  strictEqual(await most(limiter, 30, () => later(1)), 3);
  strictEqual(await most(limiter, 30, () => Promise.reject(new Error("no"))), 3);
  strictEqual(await most(limiter, 30, () => later(1)), 3);
  strictEqual(await most(new Limiter({ start: 8, max: 1 }), 5, () => later(1)), 1);
});

Deno.test("results and failures are passed on, in whatever order they come", async () => {
  const limiter = new Limiter({ start: 1, max: 1 });
  const results = [5, 4, 3].map((n) => limiter.run(() => later(n).then(() => n), (n) => n));
  deepStrictEqual(await Promise.all(results), [5, 4, 3]);
  await rejects(limiter.run(() => Promise.reject(new Error("no")), () => 0), /no/);
});

Deno.test("a request that is aborted while it waits is not begun", async () => {
  const store: ChunkStore = new MemoryStore();
  const first = Promise.withResolvers<null>();
  const asked: string[] = [];
  store.get = (id) => {
    asked.push(id);
    return first.promise;
  };
  const limited = limitStore(store, new Limiter({ start: 1, max: 1 }));
  const stop = new AbortController();
  const requests = ["a", "b"].map((id) => limited.get(id, { signal: stop.signal }));
  stop.abort();
  first.resolve(null);
  strictEqual(await requests[0], null);
  await rejects(requests[1], { code: "interrupted" });
  deepStrictEqual(asked, ["a"]);
});

/** Time that passes only as far as somebody waits for it. */
class Clock {
  now = 0;
  readonly #waiting: { due: number; resolve: () => void }[] = [];

  /** 1000 bytes, so much later. */
  async later(milliseconds: number): Promise<number> {
    await new Promise<void>((resolve) => this.#waiting.push({ due: this.now + milliseconds, resolve }));
    return 1000;
  }

  /** Lets time pass until nobody waits any more. */
  async run(): Promise<void> {
    while (this.#waiting.length > 0) {
      this.now = Math.min(...this.#waiting.map(({ due }) => due));
      const next = this.#waiting.findIndex(({ due }) => due === this.now);
      for (const { resolve } of this.#waiting.splice(next, 1)) resolve();
      // All that follows from it happens before the next.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

Deno.test("where every request takes the same time, however many there are, the limit grows to its most", async () => {
  const clock = new Clock();
  const limiter = new Limiter({ start: 2, max: 16 }, () => clock.now);
  strictEqual(limiter.limit, 2);
  const seen = most(limiter, 400, () => clock.later(10));
  await clock.run();
  deepStrictEqual([limiter.limit, await seen], [16, 16]);
});

Deno.test("requests that fail at once do not make the limit grow", async () => {
  const clock = new Clock();
  const limiter = new Limiter({ start: 2, max: 16 }, () => clock.now);
  const refused = async () => {
    await clock.later(1);
    throw new Error("refused");
  };
  const seen = most(limiter, 100, refused);
  await clock.run();
  deepStrictEqual([limiter.limit, await seen], [2, 2]);
  const later = most(limiter, 400, () => clock.later(10));
  await clock.run();
  deepStrictEqual([limiter.limit, await later], [16, 16]);
});

Deno.test("where all requests share one bottleneck, the limit stays low", async () => {
  const clock = new Clock();
  const limiter = new Limiter({ start: 2, max: 1024 }, () => clock.now);
  let free = 0;
  const queued = () => {
    free = Math.max(free, clock.now) + 3;
    return clock.later(free - clock.now);
  };
  const seen = most(limiter, 300, queued);
  await clock.run();
  deepStrictEqual([limiter.limit, await seen], [4, 4]);
});

Deno.test("where the way is long, chunks that compress well do not keep the limit low", async () => {
  const clock = new Clock();
  const limiter = new Limiter({ start: 2, max: 16 }, () => clock.now);
  let requests = 0;
  const smaller = async () => {
    const bytes = ++requests < 4 ? 1000 : 10;
    await clock.later(50);
    return bytes;
  };
  const seen = most(limiter, 100, smaller);
  await clock.run();
  deepStrictEqual([limiter.limit, await seen], [16, 16]);
});

Deno.test("where each request takes the server's time, the limit grows while more bytes come", async () => {
  const clock = new Clock();
  const limiter = new Limiter({ start: 2, max: 16 }, () => clock.now);
  let requests = 0;
  const seen = most(limiter, 400, () => clock.later(++requests === 1 ? 2 : 10));
  await clock.run();
  deepStrictEqual([limiter.limit, await seen], [16, 16]);
});

Deno.test("work that makes requests by itself gets the places that are free, one at least, and gives them back", async () => {
  const limiter = new Limiter({ start: 4, max: 4 });
  const [first, second, third] = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const got: number[] = [];
  const hold = (most: number, until: Promise<void>) =>
    limiter.hold(most, async (places) => {
      got.push(places);
      await until;
    });
  const one = hold(3, first.promise);
  const two = hold(3, second.promise);
  const three = hold(3, third.promise);
  await new Promise((resolve) => setTimeout(resolve, 0));
  deepStrictEqual(got, [3, 1]);
  first.resolve();
  await one;
  await new Promise((resolve) => setTimeout(resolve, 0));
  deepStrictEqual(got, [3, 1, 3]);
  second.resolve();
  third.resolve();
  await Promise.all([two, three]);
  const failing = limiter.hold(9, () => Promise.reject(new Error("failed")));
  await rejects(failing, /failed/);
  await limiter.hold(9, (places) => Promise.resolve(void got.push(places)));
  deepStrictEqual(got, [3, 1, 3, 4]);
});
