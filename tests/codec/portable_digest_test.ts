import { strictEqual } from "node:assert/strict";
import { digestOf } from "../../src/codec/portable_digest.ts";
import { Random } from "../support/random.ts";
import { sha256, sha512256 } from "../support/sha.ts";

const platforms = {
  "a browser": {},
  "node": globalThis,
  "an old node": { process: {} },
  "node without what is needed": { process: { getBuiltinModule: () => ({}) } },
  "node with a library that lacks one of them": {
    process: { getBuiltinModule: () => ({ hash: refusing }) },
  },
};

function refusing(name: string): Uint8Array {
  if (name === "sha256") return new Uint8Array(32);
  throw new Error("Digest method not supported");
}

for (const [name, platform] of Object.entries(platforms)) {
  Deno.test(`in ${name}, digests are those of sha256sum and of casync`, () => {
    const digest = digestOf(platform);
    const noise = new Random(18).bytes(70_000);
    for (const bytes of [0, 1, 111, 112, 128, 70_000].map((length) => noise.subarray(0, length))) {
      strictEqual(digest("sha256", bytes).toHex(), sha256(bytes));
      strictEqual(digest("sha512-256", bytes).toHex(), sha512256(bytes));
    }
    strictEqual(Object.getPrototypeOf(digest("sha256", noise)), Uint8Array.prototype);
  });
}

Deno.test("node's digests are used where it has them", () => {
  let calls = 0;
  const hash = () => {
    calls++;
    return new Uint8Array(32);
  };
  digestOf({ process: { getBuiltinModule: () => ({ hash }) } })("sha256", new Uint8Array(3));
  strictEqual(calls, 3);
});
