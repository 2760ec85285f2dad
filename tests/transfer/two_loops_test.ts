/** Chunks that are searched on this machine while others are requested: whatever fails, both loops end. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { DesyncError } from "../../src/core/errors.ts";
import { Progress } from "../../src/core/progress.ts";
import { extractToFile } from "../../src/deno/extract_to_file.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import { asVerified } from "../support/data/as_verified.ts";
import { makeBlob } from "../support/made.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { tempDir } from "../support/temp.ts";
import { amount } from "../support/thorough.ts";

Deno.test({
  name: "failures and interruptions at any request end both loops; else the blob is right",
  sanitizeResources: false,
  fn: async () => {
    const generator = random();
    const outcomes = new Set<string>();
    for (let turn = 0; turn < amount(9, 20); turn++) {
      using dir = tempDir();
      const kinds = Array.from(
        { length: 20 + generator.below(40) },
        () => generator.bytes(1 + generator.below(3000)),
      );
      // One of them has so many places that it comes in parts, of which all but the first wait.
      const frequent = generator.bytes(1);
      const pieces = Array.from({ length: 100 }, () => kinds[generator.below(kinds.length)]);
      pieces.splice(generator.below(100), 0, ...new Array(generator.below(3) * 4500).fill(frequent));
      const made = makeBlob(dir, pieces);
      const index = parseIndex(Deno.readFileSync(made.index));
      const all = new LocalStore(made.store);
      const cache = new LocalStore(dir.dir("cache"), { create: true });
      const remote = new MemoryStore();
      for (const id of new Set(made.ids)) {
        const stored = (await all.get(id))!;
        await (generator.below(2) === 0 ? cache : remote).put(asVerified(id, stored));
      }
      const stop = new AbortController();
      const fateful = turn < 3 ? Math.min(turn, 1) : generator.below(40);
      let requests = 0;
      const store = wrapStore(remote, async (send) => {
        await new Promise((resolve) => setTimeout(resolve, generator.below(3)));
        if (++requests !== fateful) return await send();
        if (turn % 2 === 0) throw new DesyncError("store", { reason: "failed as it should" });
        stop.abort();
        return await send();
      });
      const progress = new Progress();
      const options = { signal: stop.signal, progress, inPlace: turn % 3 === 0 };
      const outcome = await extractToFile(index, { stores: [store], cache }, dir.path("out"), options)
        .then(() => "done", (error) => (error as DesyncError).code);
      outcomes.add(outcome);
      if (outcome !== "done") continue;
      sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
      strictEqual(progress.done, index.size);
      ok(requests < fateful || fateful === 0 || stop.signal.aborted);
    }
    deepStrictEqual([...outcomes].sort(), ["done", "interrupted", "store"]);
  },
});

Deno.test({
  name: "requests do not wait for what is on this machine, nor in small groups behind it",
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    const generator = random(41);
    const pieces = Array.from({ length: 400 }, () => generator.bytes(200));
    const made = makeBlob(dir, pieces);
    const index = parseIndex(Deno.readFileSync(made.index));
    const all = new LocalStore(made.store);
    const cache = new LocalStore(dir.dir("cache"), { create: true });
    const remote = new MemoryStore();
    // Every twentieth chunk has to be requested.
    for (const [i, id] of made.ids.entries()) {
      await (i % 20 === 0 ? remote : cache).put(asVerified(id, (await all.get(id))!));
    }
    // None is answered before ten are under way: where they waited for each other, all would stand still.
    const enough = Promise.withResolvers<void>();
    let running = 0;
    const store = wrapStore(remote, async (send) => {
      if (++running === 10) enough.resolve();
      await enough.promise;
      return await send();
    });
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), 30_000);
    const options = { signal: stop.signal };
    await extractToFile(index, { stores: [store], cache }, dir.path("out"), options)
      .finally(() => clearTimeout(timer));
    sameBytes(Deno.readFileSync(dir.path("out")), made.bytes);
  },
});
