/** Stores opened by their locations. */
import { rejects, strictEqual } from "node:assert/strict";
import { openStore, openWritableStore } from "../../src/deno/mod.ts";
import { testdata } from "../support/testdata.ts";
import { startFaultyServer } from "../support/servers/faulty_server.ts";

Deno.test({
  name: "what a store was opened by is closed with it",
  sanitizeResources: true,
  fn: async () => {
    await using server = await startFaultyServer({});
    const store = await openStore(`${server.url}/store/`);
    strictEqual(await store.has("ab".repeat(32)), false);
    await store[Symbol.asyncDispose]();
  },
});

Deno.test("a store that is closed says so, without a retry", async () => {
  await using server = await startFaultyServer({});
  for (const location of [`${server.url}/store/`, testdata("casync-zstd.castr")]) {
    const store = await openStore(location);
    await store[Symbol.asyncDispose]();
    const error = {
      code: "usage",
      message: `Cannot use the store ${location}: it is closed`,
      retriable: false,
    };
    await rejects(store.get("ab".repeat(32)), error);
    await rejects(store.has("ab".repeat(32)), error);
  }
});

Deno.test("a store that cannot be written is refused", async () => {
  await rejects(openWritableStore("ssh://example.com/store"), { code: "unsupported" });
});
