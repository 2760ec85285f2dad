/** Deltas of several parts, from servers that break off, refuse, or change the file meanwhile. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { concat } from "../../../../src/core/bytes.ts";
import { runCli } from "../../../support/cli.ts";
import { canMake, makeDelta, partOf, sourcesOf, versions } from "../../../support/data/delta_versions.ts";
import { sameBytes } from "../../../support/same_bytes.ts";
import type { FaultyRequest } from "../../../support/servers/faulty_request.ts";
import { type Answer, startFaultyServer } from "../../../support/servers/faulty_server.ts";
import { tempDir } from "../../../support/temp.ts";

/** So many new chunks that their delta is fetched in several parts. */
const ADDED = 80;

/** What a server makes of the right answer to a request for a part behind the first, which was asked for so many times before. */
type Fault = (right: PartAnswer, before: number) => Answer;

interface PartAnswer extends Answer {
  readonly body: Uint8Array;
  readonly headers: Record<string, string>;
}

interface Case {
  readonly name: string;
  readonly fault: Fault;
  /** What the one line says with which chunks come from the store; nothing where the delta is used all the same. */
  readonly says?: RegExp;
}

const withRange = (answer: Answer, range: string): Answer => ({
  ...answer,
  headers: { ...answer.headers, "content-range": range },
});

const CASES: readonly Case[] = [
  {
    name: "is reset again and again",
    fault: (right) => right.body.length > 50_000 ? { ...right, cut: { after: 50_000, by: "reset" } } : right,
  },
  {
    name: "ends each part too early",
    fault: (right) => right.body.length > 200_000 ? { ...right, cut: { after: 70_000, by: "close" } } : right,
  },
  {
    name: "has no answer at first",
    fault: (right, before) => before === 0 ? { cut: { after: "request", by: "close" } } : right,
  },
  {
    name: "is overloaded for a while",
    fault: (right, before) => before < 2 ? { status: 503, headers: { "retry-after": "0" } } : right,
  },
  {
    name: "is overloaded from then on",
    fault: () => ({ status: 503 }),
    says: /503/,
  },
  {
    name: "always breaks off",
    fault: (right) => ({ ...right, cut: { after: 10, by: "close" } }),
    says: /delta/,
  },
  {
    name: "is gone",
    fault: () => ({ status: 404 }),
    says: /404/,
  },
  {
    name: "gives the whole instead of a part",
    fault: ({ body }) => ({ body }),
    says: /gives no parts/,
  },
  {
    name: "gives another part than was asked for",
    fault: (right) => withRange(right, `bytes 0-${right.body.length - 1}/99999999`),
    says: /the server has no bytes/,
  },
  {
    name: "gives more than was asked for",
    fault: (right) => ({ ...right, body: concat([right.body, new Uint8Array(5)]) }),
    says: /different byte range/,
  },
  {
    name: "gives the bytes of another part",
    fault: (right) => ({ ...right, body: right.body.toReversed() }),
    says: /damaged|refused/,
  },
  {
    name: "has other bytes of the same length, without saying so",
    fault: (right) => ({
      ...right,
      body: right.body.map((byte, i) => i % 50_000 === 30_000 ? byte ^ 1 : byte),
    }),
    says: /is not chunk|damaged|refused/,
  },
  {
    name: "has another version of it, by its ETag",
    fault: (right) => ({ ...right, headers: { ...right.headers, etag: '"2"' } }),
    says: /it changed while it was read/,
  },
  {
    name: "has one of another length",
    fault: (right) =>
      withRange(
        right,
        right.headers["content-range"].replace(/\d+$/, (size) => `${Number(size) + 1}`),
      ),
    says: /it changed while it was read/,
  },
];

/** The first part is right: it shows what the file is. */
function answers(bytes: Uint8Array, fault: Fault): (request: FaultyRequest) => Answer {
  const seen = new Map<string, number>();
  return (request) => {
    const range = request.headers.get("range") ?? "";
    const right = partOf(bytes, request.headers);
    const answer = { ...right, headers: { ...right.headers, etag: '"1"' } };
    if (range.startsWith("bytes=0-")) return answer;
    const before = seen.get(range) ?? 0;
    seen.set(range, before + 1);
    return fault(answer, before);
  };
}

Deno.test({
  name: "a delta in several parts is used as far as its server gives it, and the rest comes from the store",
  ignore: !canMake,
  fn: async (t) => {
    using dir = tempDir();
    const made = versions(dir, { added: ADDED });
    const { old, next, v1 } = made;
    const bytes = Deno.readFileSync(await makeDelta(dir, made));
    ok(bytes.length > 3 * 1024 * 1024);
    for (const { name, fault, says } of CASES) {
      await t.step(`the server ${name}`, async () => {
        // Beside the index, and in its place.
        for (const named of [["--delta", "/delta", next.index], ["/delta.cadelta"]]) {
          await using server = await startFaultyServer({}, answers(bytes, fault));
          const inputs = named.map((word) => word.startsWith("/delta") ? `${server.url}${word}` : word);
          const output = dir.path("out");
          const args = ["-b", "0", "--print-stats", "-s", next.store, "--seed", `${old.index}:${v1}`];
          const run = await runCli(["extract", ...args, ...inputs, output]);
          strictEqual(run.code, 0, run.stderr);
          sameBytes(Deno.readFileSync(output), next.bytes);
          Deno.removeSync(output);
          const { [next.store]: fromStore, delta } = sourcesOf(run.stdout);
          if (says === undefined) {
            deepStrictEqual([run.stderr, fromStore], ["", undefined]);
            ok(delta[0] > ADDED * 1000);
          } else {
            match(run.stderr, says);
            strictEqual(run.stderr.trim().split("\n").length, 1, run.stderr);
            ok(fromStore[0] > 0);
          }
        }
      });
    }
  },
});
