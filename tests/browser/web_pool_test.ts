/** What a pool does where its workers cannot be started; what they do is for browsers to show. */
import { rejects } from "node:assert/strict";
import { WebPool } from "../../src/browser/web_pool.ts";

Deno.test("where the worker's file is missing, every task fails, and so does the next one", async () => {
  using pool = new WebPool(2, () => new Worker(new URL("./missing.js", import.meta.url), { type: "module" }));
  const given = { form: "plain", bytes: new Uint8Array(3) } as const;
  const open = () => {
    const items = [{ id: "0".repeat(64), size: 3, offsets: [0], given }];
    const task = {
      items,
      digest: "sha256",
      directories: [],
      probeTarget: false,
      skipPresent: false,
    } as const;
    return pool.assemble({ ...task, giveBack: true });
  };
  const fails = { code: "io", message: /a web worker/ };
  await Promise.all(Array.from({ length: 9 }, () => rejects(open(), fails)));
  await rejects(open(), fails);
  const alone = pool.startAlone();
  await rejects(alone.run({ kind: "close" }), fails);
  await rejects(alone.run({ kind: "close" }), fails);
  alone.end();
});
