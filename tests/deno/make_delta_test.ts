/** Delta files by the library; tests/cli/commands/delta/ makes and uses them. */
import { deepStrictEqual, rejects } from "node:assert/strict";
import { interrupted } from "../../src/core/errors.ts";
import { makeDeltaFile } from "../../src/deno/make_delta.ts";
import { LocalStore } from "../../src/deno/store/local_store.ts";
import { parseIndex } from "../../src/formats/index/index_parser.ts";
import { wrapStore } from "../../src/stores/wrappers/wrap.ts";
import { tempDir } from "../support/temp.ts";
import { testdata } from "../support/testdata.ts";

Deno.test("an interruption ends what waits for a store, and leaves nothing", async () => {
  using dir = tempDir();
  const index = parseIndex(Deno.readFileSync(testdata("casync-blob.caibx")));
  const stop = new AbortController();
  // It answers only when it is interrupted.
  const silent = wrapStore(new LocalStore(testdata("casync-zstd.castr")), async (_send, { signal }) => {
    const over = Promise.withResolvers<never>();
    signal?.addEventListener("abort", () => over.reject(interrupted()));
    queueMicrotask(() => stop.abort());
    return await over.promise;
  });
  const made = makeDeltaFile(undefined, { index, bytes: { stores: [silent] } }, dir.path("delta"), {
    signal: stop.signal,
  });
  await rejects(made, { code: "interrupted" });
  deepStrictEqual([...Deno.readDirSync(dir.root)], []);
});
