/** How often a request is made, and when no more. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { type FaultyServer, startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, storePath } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { runAny } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";

/** How often a chunk was asked for. */
function tries(server: FaultyServer, id: string): number {
  return server.count(`/${storePath(id, "zstd")}`);
}

Deno.test("-e counts all attempts of a request, as in desync", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, [new Uint8Array(100).fill(7)]);
  for (const [value, expected] of [["0", 1], ["1", 1], ["2", 2], [undefined, 3]] as const) {
    const option = value === undefined ? [] : ["-e", value];
    for (const peer of [undefined, ...(peers.desync === undefined ? [] : [peers.desync])]) {
      await using server = await startFaultyServer({}, () => ({ status: 503 }));
      const args = ["cat", "-b", "1ms", ...option, "-s", server.url, made.index];
      const result = await (peer === undefined ? runCli(args) : runAny(peer, args));
      deepStrictEqual([result.code, tries(server, made.ids[0])], [1, expected], `${peer} -e ${value}`);
      if (peer === undefined) {
        assertFails(
          result,
          1,
          "503",
          expected === 1 ? "(no request" : `(tried ${expected} times; no request`,
        );
      }
    }
  }
});

Deno.test("an index is requested as often", async () => {
  await using server = await startFaultyServer({}, () => ({ status: 503 }));
  assertFails(await runCli(["list-chunks", "-b", "1ms", `${server.url}/x.caibx`]), 1, "(tried 3 times)");
  strictEqual(server.count("/x.caibx"), 3);
});

Deno.test("the error for a store without any chunk asks whether its address is right", async () => {
  using dir = tempDir();
  const made = makeBlob(dir, [new Uint8Array(100).fill(7), new Uint8Array(200).fill(8)]);
  const [first, second] = made.ids.map((id) => `/${storePath(id, "zstd")}`);
  await using server = await startFaultyServer({
    [`/half${first}`]: { body: Deno.readFileSync(made.chunk(0)) },
    [`/ill${first}`]: { body: Deno.readFileSync(made.chunk(0)) },
    [`/ill${second}`]: { status: 500 },
    [`/down${first}`]: { status: 500 },
  });
  const cat = (...stores: string[]) => {
    const options = stores.flatMap((store) => ["-s", `${server.url}/${store}`]);
    return runCli(["cat", "-n", "1", "-b", "1ms", ...options, made.index]);
  };
  assertFails(await cat("typo"), 1, made.ids[0], "nothing was found there so far: is its address right?");
  assertFails(
    await cat("half", "typo"),
    1,
    made.ids[1],
    `nothing was found in ${server.url}/typo so far: is the`,
  );
  assertFails(await cat("down"), 1, "500", "no request to this store has succeeded: is its address right?");
  for (const store of ["half", "ill"]) {
    const { stderr } = await cat(store);
    strictEqual(stderr.includes("address"), false, stderr);
    strictEqual(stderr.includes(made.ids[1]), true, stderr);
  }
});
