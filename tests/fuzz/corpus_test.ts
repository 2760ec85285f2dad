/** Each decoder takes what fuzzing has kept for it: inputs that were wrong once, and those that reach most of it. */

import "../../fuzz/allocations.ts";
import { ok, strictEqual } from "node:assert/strict";
import { readCorpus } from "../../fuzz/corpus.ts";
import { judge } from "../../fuzz/judge.ts";
import type { Target } from "../../fuzz/target.ts";
import { TARGETS } from "../../fuzz/targets.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { peers } from "../support/peers.ts";
import { repository, runAny } from "../support/process.ts";

for (const target of TARGETS) {
  Deno.test(`fuzz: ${target.name} handles all saved inputs`, async () => {
    const kept = readCorpus(target.name);
    ok(kept.length > 0, "there are some");
    for (const { input, note } of [...kept, ...target.seeds().map((input) => ({ input, note: "a seed" }))]) {
      strictEqual((await judge(target, input)).failure, undefined, note);
    }
  });
}

/** A decoder that does this. */
function doing(check: (input: Uint8Array) => string): Target {
  return { name: "test", codes: ["invalid-index"], seeds: () => [], check };
}

function error(code: "invalid-index" | "io", message: string): () => never {
  return () => {
    // Errors clean their messages themselves.
    throw Object.assign(new DesyncError(code, {}), { message });
  };
}

Deno.test("fuzz: broken rules are detected, allowed results are not reported", async () => {
  const input = new Uint8Array(100);
  const failure = async (check: (input: Uint8Array) => string) =>
    (await judge(doing(check), input)).failure ?? "";
  strictEqual(await failure(() => "good"), "");
  strictEqual(await failure(error("invalid-index", "not a valid index: it is empty")), "");
  ok((await failure(error("io", "cannot be read"))).includes("unexpected code io"));
  ok((await failure(() => input.subarray(0, 0).at(0)!.toString())).startsWith("TypeError"));
  for (const unclean of ["two\nlines", "\x1b[31m", "\u202e", "\udc80", "\u2028"]) {
    ok(
      (await failure(error("invalid-index", `a ${unclean} message`))).includes("not clean"),
      JSON.stringify(unclean),
    );
  }
  ok((await failure(error("invalid-index", "x".repeat(3000)))).includes("3000 characters"));
  ok((await failure(() => String(new Uint8Array(2 ** 21).length))).includes("bytes are allocated"));
  ok((await failure(() => String(new Float64Array(2 ** 18).length))).includes("bytes are allocated"));
  strictEqual(await failure(() => String(new Uint8Array(1000).length)), "");
});

Deno.test("fuzz: the error for an unknown decoder lists the known ones", async () => {
  const { code, stderr } = await runAny(Deno.execPath(), ["run", "-A", "fuzz/run.ts", "nope"], {
    cwd: repository,
  });
  strictEqual(code, 2);
  ok(/^fuzz: No decoder nope; there are index, .*\n$/.test(stderr), stderr);
});

Deno.test({
  name: "fuzz: a run tries as many inputs as requested, as a user without rights",
  ignore: Deno.build.os !== "linux" || (Deno.uid() === 0 && !peers.setpriv),
  fn: async () => {
    const args = ["run", "-A", "fuzz/run.ts", "netrc", "--inputs", "100", "--seed", "1"];
    const { code, stdout, stderr } = await runAny(Deno.execPath(), args, { cwd: repository });
    strictEqual(code, 0, stdout + stderr);
    ok(/^netrc +1\d\d inputs, .*findings 0$/m.test(stdout), stdout);
    strictEqual(stdout.includes("as nobody"), Deno.uid() === 0);
  },
});
