import { deepStrictEqual, ok } from "node:assert/strict";
import { startDelayProxy } from "./delay_proxy.ts";
import { startFaultyServer } from "./faulty_server.ts";
import { random } from "./random.ts";

Deno.test("the proxy delays both ways, and nothing else", async () => {
  const body = random(2).bytes(3_000_000);
  await using server = await startFaultyServer({ "/file": { body } });
  await using proxy = await startDelayProxy(server.port, 60);
  using client = Deno.createHttpClient({ http2: false });
  const fetchOnce = async (): Promise<number> => {
    const start = performance.now();
    const response = await fetch(`http://127.0.0.1:${proxy.port}/file`, { client });
    deepStrictEqual(await response.bytes(), body);
    return performance.now() - start;
  };
  const time = await fetchOnce();
  ok(time >= 119, `took ${time} ms`);
  const together = performance.now();
  await Promise.all(Array.from({ length: 8 }, fetchOnce));
  const eight = performance.now() - together;
  ok(eight < 8 * 120, `eight at once took ${eight} ms`);
});
