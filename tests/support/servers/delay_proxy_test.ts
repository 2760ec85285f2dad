import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { startDelayProxy } from "./delay_proxy.ts";
import { startFaultyServer } from "./faulty_server.ts";
import { random } from "../random.ts";

Deno.test("the proxy delays both ways, and changes nothing", async () => {
  const body = random(2).bytes(3_000_000);
  await using server = await startFaultyServer({ "/file": { body } });
  await using proxy = await startDelayProxy(server.port, 60);
  using client = Deno.createHttpClient({ http2: false });
  const start = performance.now();
  const response = await fetch(`http://127.0.0.1:${proxy.port}/file`, { client });
  deepStrictEqual(await response.bytes(), body);
  // Not sooner, by the few milliseconds that timers may be early; how late says nothing.
  const time = performance.now() - start;
  ok(time >= 115, `took ${time} ms`);
});

Deno.test("no connection waits for another, no byte for the one before", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using proxy = await startDelayProxy(listener.addr.port, 60);
  const pairs: { near: Deno.TcpConn; far: Deno.TcpConn }[] = [];
  try {
    for (let i = 0; i < 8; i++) {
      const [near, far] = await Promise.all([
        Deno.connect({ hostname: "127.0.0.1", port: proxy.port }),
        listener.accept(),
      ]);
      pairs.push({ near, far });
    }
    // Each sends a byte every few milliseconds until 20 have arrived.
    const sent = await Promise.all(pairs.map(async ({ near, far }) => {
      let sent = 0;
      let arrived = 0;
      const reading = (async () => {
        while (arrived < 20) arrived += await far.read(new Uint8Array(100)) ?? 0;
      })();
      while (arrived < 20) {
        await near.write(Uint8Array.of(sent++));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await reading;
      return sent;
    }));
    strictEqual(sent.length, 8);
    // 240 if each waited for the one before, on one connection alone.
    for (const count of sent) ok(count < 100, `${sent}`);
  } finally {
    for (const { near, far } of pairs) {
      near.close();
      far.close();
    }
  }
});
