/** zstd frames that hold bytes as they are: every decoder reads them. */
import { strictEqual } from "node:assert/strict";
import { portableCodec } from "../../src/codec/portable.ts";
import { rawZstdFrame, zstdFrameLength } from "../../src/codec/zstd_frame.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";

const KIB = 1024;

Deno.test("what was put into a frame comes out, whatever its size", () => {
  const source = random();
  const sizes = [0, 1, 255, 65_536 + 255, 128 * KIB - 1, 128 * KIB, 128 * KIB + 1, 256 * KIB, 1_000_000];
  for (const size of [...sizes, source.below(2_000_000)]) {
    const bytes = source.bytes(size);
    const frame = rawZstdFrame(bytes);
    strictEqual(zstdFrameLength(frame), frame.length, String(size));
    for (const codec of [nativeCodec, portableCodec]) sameBytes(codec.decompress("zstd", frame, size), bytes);
  }
});

Deno.test({
  name: "zstd itself reads such a frame",
  ignore: !peers.zstd,
  fn: async () => {
    const bytes = random().bytes(300_000);
    const { stdoutBytes } = await run(peers.zstd, ["-d", "-c"], { stdin: rawZstdFrame(bytes) });
    sameBytes(stdoutBytes, bytes);
  },
});
