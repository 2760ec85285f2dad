/** A file that is written in place, and replaced by another run meanwhile. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { extractToFile } from "../../../src/deno/extract_to_file.ts";
import { makeFromFile } from "../../../src/deno/make.ts";
import { MemoryStore } from "../../../src/stores/memory.ts";
import { filesIn } from "../../support/files.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";

const sizes = { min: 1024, avg: 4096, max: 16384 };

Deno.test({
  name: "a file that replaces the one that is written in place gets nothing of that",
  // There, an open file is not replaced.
  ignore: Deno.build.os === "windows",
  sanitizeResources: false,
  fn: async () => {
    using dir = tempDir();
    const noise = random();
    const [a, b, c, d] = Array.from({ length: 4 }, () => noise.bytes(250_000));
    const old = new Uint8Array([...a, ...b, ...c]);
    // Parts of the old file change places, and others are fetched.
    const versions = [new Uint8Array([...c, ...d, ...a]), new Uint8Array([...d, ...c, ...b])];
    const store = new MemoryStore();
    const [first, second] = await Promise.all(versions.map(async (bytes, i) => {
      return (await makeFromFile(dir.write(`made-${i}`, bytes), { store, sizes })).index;
    }));
    const get = store.get.bind(store);
    const target = dir.path("out", "target");
    // Before anything is written, early, and late: about 60 chunks are fetched.
    for (const turn of [1, 15, 35]) {
      Deno.writeFileSync(target, old);
      let gets = 0;
      store.get = async (id) => {
        if (++gets === turn) {
          await extractToFile(second, { stores: [store] }, target, { outputAsSeed: false });
        }
        return await get(id);
      };
      await rejects(extractToFile(first, { stores: [store] }, target, { inPlace: true }), {
        code: "io",
        reason: "another program replaced it while it was being written",
      });
      strictEqual(gets > turn, true);
      sameBytes(Deno.readFileSync(target), versions[1]);
      deepStrictEqual(filesIn(dir.path("out")), ["target"]);
      store.get = get;
      await extractToFile(first, { stores: [store] }, target, { inPlace: true });
      sameBytes(Deno.readFileSync(target), versions[0]);
    }
  },
});
