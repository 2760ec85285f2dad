/** xz is decompressed as the xz program does it, and what is damaged or costs too much is refused. */
import { ok, strictEqual, throws } from "node:assert/strict";
import { portableCodec } from "../../src/codec/portable.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { joined } from "../support/data/joined.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { type Random, random } from "../support/random.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { amount, share, takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

type Bytes = Uint8Array<ArrayBuffer>;

async function xz(bytes: Bytes, ...options: string[]): Promise<Bytes> {
  const { code, stderr, stdoutBytes } = await run(peers.xz, ["-c", "-T1", ...options], { stdin: bytes });
  strictEqual(code, 0, stderr);
  return stdoutBytes;
}

/** The content, or the code of the error. */
function decompressed(bytes: Uint8Array, limit: number): Uint8Array | string {
  try {
    return nativeCodec.decompress("xz", bytes, limit);
  } catch (error) {
    ok(error instanceof DesyncError, String(error));
    return error.code;
  }
}

function contents(source: Random): [kind: string, bytes: Bytes][] {
  const noise = source.bytes(70_000);
  let text = "";
  while (text.length < 150_000) text += `line ${source.below(500)} of ${source.below(30_000)}\n`;
  const letters = new TextEncoder().encode(text);
  return [
    ["nothing", new Uint8Array(0)],
    ["a byte", source.bytes(1)],
    ["text", letters],
    ["noise", noise],
    ["zeros", new Uint8Array(300_000)],
    ["program", Deno.readFileSync("/bin/true")],
    ["all of them", joined([letters, noise, new Uint8Array(70_000), noise, letters])],
  ];
}

inTurn()({
  name: "both codecs take what the xz program makes",
  ignore: !peers.xz,
  fn: async () => {
    const options = [
      ["-0"],
      ["-6", "--check=crc32"],
      ["-9e", "--check=sha256"],
      ["--check=none", "--block-size=20000"],
      ["--lzma2=preset=6,lc=0,lp=4,pb=0"],
      ["--lzma2=preset=2,lc=4,lp=0,pb=4,dict=4096"],
      ["--lzma2=preset=0,lc=1,lp=3,pb=1,mf=bt4,nice=273"],
    ];
    for (const [kind, bytes] of contents(random())) {
      for (const words of share(options, 3)) {
        const packed = await xz(bytes, ...words);
        const what = `${kind} ${words.join(" ")}`;
        sameBytes(nativeCodec.decompress("xz", packed, bytes.length), bytes, what);
        sameBytes(portableCodec.decompress("xz", packed, bytes.length + 1), bytes, what);
        if (bytes.length > 0) strictEqual(decompressed(packed, bytes.length - 1), "invalid-chunk", what);
        const twice = joined([packed, new Uint8Array(8), packed]);
        sameBytes(nativeCodec.decompress("xz", twice, 2 * bytes.length), joined([bytes, bytes]), what);
      }
    }
  },
});

Deno.test({
  name: "xz with other filters is not supported, and that is said",
  ignore: !peers.xz,
  fn: async () => {
    const packed = await xz(new Uint8Array(1000), "--x86", "--lzma2");
    throws(() => nativeCodec.decompress("xz", packed, 1000), {
      code: "unsupported",
      message: /filter 0x4, which is not supported/,
    });
  },
});

Deno.test({
  name: "xz that was damaged makes nothing else, and what is cut off nothing",
  ignore: !peers.xz,
  fn: async () => {
    const source = random();
    const bytes = source.bytes(2000).map((byte) => byte & 15);
    for (const check of ["crc32", "crc64", "sha256"]) {
      const packed = await xz(bytes, `--check=${check}`);
      for (let end = 0; end < packed.length; end += 1 + source.below(20)) {
        strictEqual(decompressed(packed.subarray(0, end), bytes.length), "invalid-chunk");
      }
      for (let i = 0; i < amount(300, 5000); i++) {
        const bad = packed.slice();
        for (let changes = source.below(3); changes >= 0; changes--) {
          bad[source.below(bad.length)] ^= 1 << source.below(8);
        }
        const result = decompressed(bad, bytes.length);
        // LZMA2 has more than one way to write the same.
        if (typeof result !== "string") sameBytes(result, bytes);
      }
    }
  },
});

Deno.test("a claim of xz that its data cannot keep costs nothing", () => {
  // A block whose header promises nothing, with LZMA2 that claims 2 MiB for each 6 bytes.
  const claims = joined(Array.from({ length: 60 }, (_, i) => {
    return Uint8Array.of(i === 0 ? 0xff : 0x9f, 0xff, 0xff, 0, 5, ...(i === 0 ? [93] : []), 0, 0, 0, 0, 0, 0);
  }));
  const frame = joined([
    Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0, 0xff, 0x12, 0xd9, 0x41),
    Uint8Array.of(2, 0, 0x21, 1, 22, 0, 0, 0, 0x74, 0x2f, 0xe5, 0xa3),
    claims,
  ]);
  for (const codec of [nativeCodec, portableCodec]) {
    throws(() => codec.decompress("xz", frame, 128 * 1024 * 1024), {
      code: "invalid-chunk",
      message: /cannot have that size/,
    });
  }
});
