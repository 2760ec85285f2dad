/** What a blob repeats costs a store no more requests: each chunk is asked for and added once. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { chopFile } from "../../src/deno/chop_file.ts";
import { makeFromFile } from "../../src/deno/make.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import { Random } from "../support/random.ts";
import { tempDir } from "../support/temp.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

for (const probe of ["cheap", "by-get"] as const) {
  inTurn()(`make and chop put each chunk once into a store where finding out is ${probe}`, async () => {
    using dir = tempDir();
    const part = new Random(1).bytes(2 << 20);
    const repeated = new Uint8Array(12 * part.length);
    for (let at = 0; at < repeated.length; at += part.length) repeated.set(part, at);
    const file = dir.write("repeated", repeated);
    const counts = { has: 0, put: 0 };
    const store = wrapStore(new MemoryStore(), (send, { name }) => {
      if (name === "has" || name === "put") counts[name]++;
      return send();
    }, { location: "counted", probe });

    const { index, added } = await makeFromFile(file, { store });
    const different = new Set(Array.from({ length: index.count }, (_, i) => index.id(i))).size;
    const asked = probe === "cheap" ? different : 0;
    strictEqual(added, different);
    deepStrictEqual(counts, { has: asked, put: different });

    await chopFile(index, file, store);
    deepStrictEqual(counts, { has: 2 * asked, put: probe === "cheap" ? different : 2 * different });
  });
}
