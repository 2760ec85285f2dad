/** What is not what it should be may have no end: it is refused by its first bytes, in little memory. */

import { ok, strictEqual } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { assertFails } from "../../support/failure.ts";
import { canMeasureMemory, runCliMeasured } from "../../support/system/peak_memory.ts";
import { tempDir } from "../../support/temp.ts";
import { testdata } from "../../support/testdata.ts";

const LARGE = 200_000_000;
/** Of a program that reads an index, and no more. */
const LITTLE = 150_000_000;
const index = testdata("casync-blob.caibx");

/** Answers without an end: zeros, or an index that is followed by something else. */
const bodies: Record<string, () => { body: BodyInit; headers?: Record<string, string> }> = {
  zeros: () => ({ body: endless(new Uint8Array(65536)) }),
  "an index with more behind it": () => ({ body: endless(new Uint8Array(65536), Deno.readFileSync(index)) }),
  "an index whose chunks do not go on": () => ({
    body: endless(new Uint8Array(65536).fill(1), Deno.readFileSync(index).subarray(0, 64 + 400)),
  }),
  "a little that is decompressed to much": () => ({
    body: new Uint8Array(gzipSync(new Uint8Array(LARGE), { level: 1 })),
    headers: { "content-encoding": "gzip" },
  }),
};

function endless(piece: Uint8Array, first?: Uint8Array): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      const next = sent === 0 && first !== undefined ? first : piece;
      sent += next.length;
      // Should it be read on and on, it ends.
      if (sent > LARGE) controller.close();
      else controller.enqueue(next.slice());
    },
  });
}

for (const [name, answer] of Object.entries(bodies)) {
  Deno.test({
    name: `an index URL that answers with ${name}`,
    ignore: !canMeasureMemory,
    fn: async () => {
      await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
        const { body, headers } = answer();
        return new Response(body, { headers });
      });
      const url = `http://127.0.0.1:${server.addr.port}/x.caibx`;
      const result = await runCliMeasured(["list-chunks", url]);
      assertFails(result, 1, `Cannot use the index ${url}`, "valid index");
      strictEqual(result.stdout, "");
      ok(result.peak < LITTLE, `${result.peak} bytes`);
    },
  });
}

for (
  const [args, says] of [
    [["list-chunks", "/dev/zero"], "does not start like"],
    [
      ["cache", "-s", "STORE", "-c", "CACHE", "--ignore-chunks", "/dev/zero", index],
      "line 1 is not a chunk id",
    ],
    [["list-chunks", "--ca-cert", "/dev/zero", "https://127.0.0.1:9/"], "larger than the limit"],
    [["info", "--chunks-info", "/dev/zero", index], "not what inspect-chunks writes"],
  ] as const
) {
  Deno.test({
    name: `${args.slice(0, -1).join(" ")}: a file without an end`,
    ignore: !canMeasureMemory,
    fn: async () => {
      using dir = tempDir();
      const places: Record<string, string> = {
        STORE: testdata("casync-zstd.castr"),
        CACHE: dir.path("cache"),
      };
      const result = await runCliMeasured(args.map((arg) => places[arg] ?? arg));
      assertFails(result, args[0] === "info" ? 2 : 1, "/dev/zero", says);
      ok(result.peak < LITTLE, `${result.peak} bytes`);
    },
  });
}
