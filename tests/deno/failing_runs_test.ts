/**
 * Runs that fail leave no descriptor, child or file behind, in a program that goes on. `DESYNC_FAILING_RUNS=1000`
 * has that many of each kind.
 */
import { deepStrictEqual, rejects } from "node:assert/strict";
import { extractToFile } from "../../src/deno/extract_to_file.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { filesIn } from "../support/files.ts";
import { makeBlob, somePieces } from "../support/made.ts";
import { tempDir } from "../support/temp.ts";

const RUNS = Number(Deno.env.get("DESYNC_FAILING_RUNS") ?? 20);
/** What the first runs load and start stays. */
const WARM_UP = 5;

Deno.test({
  name: "runs that fail leave no descriptor, child or file",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using dir = tempDir();
    const made = makeBlob(dir, somePieces());
    const damaged = makeBlob(dir, somePieces(), { name: "damaged" });
    Deno.writeTextFileSync(damaged.chunk(1), "damaged");
    const missing = makeBlob(dir, somePieces(), { name: "missing" });
    Deno.removeSync(missing.chunk(1));
    const index = parseIndex(Deno.readFileSync(made.index));
    const out = dir.dir("out");
    const extract = (store: string, path = `${out}/blob`, signal?: AbortSignal) =>
      extractToFile(index, { stores: [new LocalStore(store)] }, path, { signal });
    const kinds: Record<string, () => Promise<unknown>> = {
      "missing-chunk": () => extract(missing.store),
      "invalid-chunk": () => extract(damaged.store),
      "missing-file": () => extract(made.store, `${out}/none/blob`),
      interrupted: () => extract(made.store, `${out}/blob`, AbortSignal.abort()),
    };
    const state = () => [
      [...Deno.readDirSync("/proc/self/fd")].length,
      Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/children`),
      filesIn(out),
    ];
    for (const [code, run] of Object.entries(kinds)) {
      for (let i = 0; i < WARM_UP; i++) await rejects(run, { code });
      const before = state();
      for (let i = 0; i < RUNS; i++) await rejects(run, { code });
      deepStrictEqual(state(), before, code);
    }
  },
});
