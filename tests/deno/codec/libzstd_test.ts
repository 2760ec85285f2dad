import { ok, strictEqual } from "node:assert/strict";
import { systemUnzstd } from "../../../src/deno/codec/libzstd.ts";
import { nativeCodec } from "../../../src/deno/codec/native_codec.ts";
import { random } from "../../support/random.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { zstdFrame } from "../../support/data/zstd.ts";
import { amount } from "../../support/thorough.ts";

// Outside of the tests, since it stays open.
const unzstd = systemUnzstd();

Deno.test({
  name: "the system's library decompresses into the target, and nothing beside it",
  ignore: unzstd === null,
  fn: () => {
    const source = random();
    for (const length of [0, 1, 63, 64, 65, 1000, 65_536, 300_000]) {
      const bytes = source.bytes(length).map((byte) => byte & 7);
      for (
        const frame of [zstdFrame(bytes), nativeCodec.compress(bytes, 1), nativeCodec.compress(bytes, 19)]
      ) {
        const around = new Uint8Array(length + 32).fill(99);
        strictEqual(unzstd!(frame, around.subarray(16, 16 + length)), length);
        sameBytes(around.subarray(16, 16 + length), bytes);
        ok([...around.subarray(0, 16), ...around.subarray(16 + length)].every((byte) => byte === 99));
        if (length > 0) strictEqual(unzstd!(frame, new Uint8Array(length - 1)), undefined, "no room");
        strictEqual(unzstd!(frame.subarray(0, -1), new Uint8Array(length)), undefined, "cut off");
      }
    }
  },
});

Deno.test({
  name: "of damaged frames the system's library makes no more than fits, or nothing",
  // What it makes of the same damage depends on its version: that a chunk is right is for its digest to say.
  ignore: unzstd === null,
  fn: () => {
    const source = random();
    const bytes = source.bytes(3000).map((byte) => byte & 15);
    const frame = nativeCodec.compress(bytes, 3);
    let made = 0;
    for (let i = 0; i < amount(300, 10_000); i++) {
      const bad = frame.slice();
      bad[source.below(bad.length)] ^= 1 << source.below(8);
      const around = new Uint8Array(bytes.length + 32).fill(99);
      const count = unzstd!(bad, around.subarray(16, 16 + bytes.length));
      if (count !== undefined) {
        ok(count <= bytes.length);
        made++;
      }
      ok([...around.subarray(0, 16), ...around.subarray(-16)].every((byte) => byte === 99));
    }
    ok(made > 0 && made < amount(300, 10_000), String(made));
  },
});
