/** All codecs do the same, for good input and for bad. */

import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { StoredChunk } from "../../src/core/chunk.ts";
import { compressionOf } from "../../src/codec/codec.ts";
import { openChunk } from "../../src/codec/open_chunk.ts";
import { portableCodec } from "../../src/codec/portable.ts";
import { parseZstdFrameHeader, zstdFrameLength } from "../../src/codec/zstd_frame.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { joined } from "../support/data/joined.ts";
import { zstdBomb } from "../support/made.ts";
import { loadWasmCodec } from "../../src/browser/wasm_codec.ts";
import { canMeasureMemory } from "../support/system/peak_memory.ts";
import { peers } from "../support/peers.ts";
import { Random } from "../support/random.ts";
import { run } from "../support/process.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { sha256, sha512256 } from "../support/sha.ts";
import { tempDir } from "../support/temp.ts";
import { testdata } from "../support/testdata.ts";
import { unzstd, zstdByZlib, zstdFrame } from "../support/data/zstd.ts";

const codecs = [
  ["native", nativeCodec],
  ["portable", portableCodec],
  ["wasm", await loadWasmCodec()],
] as const;

/** Every chunk of a store: its id and how it lies there. */
function* chunksOf(store: string): Generator<[id: string, stored: StoredChunk]> {
  for (const directory of Deno.readDirSync(testdata(store))) {
    for (const { name } of Deno.readDirSync(testdata(`${store}/${directory.name}`))) {
      const bytes = Deno.readFileSync(testdata(`${store}/${directory.name}/${name}`));
      yield [name.slice(0, 64), { form: name.endsWith(".cacnk") ? "compressed" : "plain", bytes }];
    }
  }
}

for (
  const [store, digest] of [
    ["casync-zstd.castr", "sha512-256"],
    ["casync-gzip.castr", "sha512-256"],
    ["casync-xz.castr", "sha512-256"],
    ["casync-sha256.castr", "sha256"],
    ["desync-zstd.castr", "sha512-256"],
    ["desync-uncompressed.castr", "sha512-256"],
    ["tree.castr", "sha512-256"],
  ] as const
) {
  Deno.test(`all codecs open every chunk of ${store}`, () => {
    let chunks = 0;
    for (const [id, stored] of chunksOf(store)) {
      const native = new Uint8Array(openChunk(nativeCodec, stored, { id, digest }).bytes);
      for (const [, codec] of codecs) {
        const opened = openChunk(codec, stored, { id, digest, size: native.length });
        sameBytes(opened.bytes, native);
      }
      chunks++;
    }
    ok(chunks > 0);
  });
}

const generator = new Random(8);
const noise = generator.bytes(50_000);
const text = new TextEncoder().encode("The same words again. ".repeat(5000));
const inputs: [string, Uint8Array][] = [
  ["nothing", new Uint8Array(0)],
  ["one byte", Uint8Array.of(7)],
  ["63 bytes", noise.subarray(0, 63)],
  ["noise", noise],
  ["text", text],
  ["zeros", new Uint8Array(300_000)],
  ["a mixture", joined([noise, text, new Uint8Array(200_000), noise])],
];

/** One for all, as it takes a second to make. */
let bomb: Uint8Array | undefined;

for (const [name, codec] of codecs) {
  Deno.test(`${name}: digests are those of sha256sum and of casync`, () => {
    for (const [, bytes] of inputs) {
      strictEqual(codec.digest("sha256", bytes).toHex(), sha256(bytes));
      strictEqual(codec.digest("sha512-256", bytes).toHex(), sha512256(bytes));
    }
    // FIPS 180-4's example for SHA-512/256 of "abc".
    const abc = "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23";
    strictEqual(codec.digest("sha512-256", new TextEncoder().encode("abc")).toHex(), abc);
  });

  for (const [kind, bytes] of inputs) {
    Deno.test(`${name}: ${kind}, from zstd and gzip, up to the limit and no further`, () => {
      const frames: ["zstd" | "gzip", Uint8Array][] = [
        ["zstd", zstdByZlib(bytes)],
        ["zstd", nativeCodec.compress(bytes, 3)],
        ["zstd", nativeCodec.compress(bytes, 19)],
        ["gzip", gzipSync(bytes)],
      ];
      for (const [compression, stored] of frames) {
        strictEqual(compressionOf(stored), compression);
        sameBytes(codec.decompress(compression, stored, bytes.length + 1), bytes);
        sameBytes(codec.decompress(compression, stored, bytes.length), bytes);
        if (bytes.length === 0) continue;
        throws(() => codec.decompress(compression, stored, bytes.length - 1), /more than \d+ bytes/);
      }
    });
  }

  Deno.test(`${name}: a chunk may be several frames, with others that are skipped between them`, () => {
    const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
    const frames = joined([zstdByZlib(noise), skippable, zstdByZlib(text), skippable]);
    const whole = joined([noise, text]);
    const expected = { id: sha512256(whole), digest: "sha512-256", size: whole.length } as const;
    sameBytes(openChunk(codec, { form: "compressed", bytes: frames }, expected).bytes, whole);
  });

  Deno.test(`${name}: a chunk of very many empty parts is refused`, () => {
    const one = zstdByZlib(text.subarray(0, 1));
    const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0);
    const empty = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x00, 0x01, 0x00, 0x00);
    const many = (part: Uint8Array) => joined(Array.from({ length: 36_000 }, () => part));
    for (const part of [empty, one, skippable]) {
      throws(() => codec.decompress("zstd", joined([one, many(part)]), 200_000), {
        code: "invalid-chunk",
        message: /17 for \d+ bytes/,
      });
    }
    // A few are not, nor many that hold much: parallel compressors write such.
    const few = Array.from({ length: 16 }, () => empty);
    deepStrictEqual(codec.decompress("zstd", joined(few), 100).length, 0);
    const blocks = Array.from({ length: 40 }, () => zstdByZlib(noise.subarray(0, 8192)));
    deepStrictEqual(codec.decompress("zstd", joined(blocks), 400_000).length, 40 * 8192);
    const members = Array.from({ length: 40 }, () => gzipSync(noise.subarray(0, 8192)));
    deepStrictEqual(codec.decompress("gzip", joined(members), 400_000).length, 40 * 8192);
    if (codec === portableCodec) {
      throws(() => codec.decompress("gzip", many(gzipSync(one.subarray(0, 0))), 100), /too many parts/);
    }
  });

  Deno.test(`${name}: every damaged or cut chunk is refused as invalid, whatever the damage`, () => {
    const bytes = text.subarray(0, 3000);
    const expected = { id: sha512256(bytes), digest: "sha512-256", size: bytes.length } as const;
    for (const good of [nativeCodec.compress(bytes, 3), gzipSync(bytes)]) {
      const refused = (bad: Uint8Array, what: string) => {
        const stored = { form: "compressed", bytes: bad } as const;
        let opened: Uint8Array;
        try {
          opened = openChunk(codec, stored, expected).bytes;
        } catch (error) {
          ok(
            error instanceof DesyncError && /^(invalid-chunk|unsupported)$/.test(error.code),
            `${what}: ${error}`,
          );
          return;
        }
        // Some bits say nothing about the content: what comes out is right then, or it would not come out.
        sameBytes(opened, bytes, what);
      };
      for (let length = 0; length < good.length; length++) refused(good.slice(0, length), `cut to ${length}`);
      for (let bit = 0; bit < 8 * good.length; bit++) {
        const bad = Uint8Array.from(good);
        bad[bit >> 3] ^= 1 << (bit & 7);
        refused(bad, `bit ${bit}`);
      }
    }
  });

  Deno.test(`${name}: bombs stop at the limit`, () => {
    throws(() => codec.decompress("zstd", zstdBomb(800_000), 65_536), /more than 65536 bytes/); // 100 GB
    const gzip = gzipSync(new Uint8Array(50_000_000));
    throws(() => codec.decompress("gzip", gzip, 65_536), /more than 65536 bytes/);
    // A frame that claims 2^60 bytes and has none, and one that asks for a window of 2 TB.
    const claims = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0x38, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0, 0);
    ok(codec.decompress("zstd", claims, 65_536).length === 0);
    const window = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 1, 0, 0);
    throws(() => codec.decompress("zstd", window, 65_536), DesyncError);
    // The same, 1 GiB, of a frame behind others.
    const first = zstdByZlib(text);
    const later = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 1, 0, 0);
    throws(() => codec.decompress("zstd", joined([first, later]), 200_000), { code: "invalid-chunk" });
    sameBytes(codec.decompress("zstd", joined([first, later.with(5, 3 << 3)]), 200_000), text);
  });

  Deno.test({
    name: `${name}: memory does not grow with what bombs would make, nor with the number of frames`,
    // The codec in WebAssembly leaves all of this to the portable one.
    ignore: !canMeasureMemory || name === "wasm",
    fn: async () => {
      using dir = tempDir();
      const gzip = dir.write("bomb.gz", bomb ??= gzipSync(new Uint8Array(400_000_000)));
      // A window of 256 KiB and 8 KiB of the same byte, again and again.
      const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 8 << 3, 0x03, 0, 1, 0x41);
      const frames = dir.write("frames.zst", joined(Array.from({ length: 4000 }, () => frame)));
      const module = name === "native" ? "deno/codec/native_codec.ts" : "codec/portable.ts";
      const program = dir.write(
        "decompress.ts",
        `
        import { ${name}Codec as codec } from ${
          JSON.stringify(new URL(`../../src/${module}`, import.meta.url).href)
        };
        let failure = "";
        try {
          codec.decompress("gzip", Deno.readFileSync(Deno.args[0]), 1_000_000);
        } catch (error) {
          failure = error.message;
        }
        const { length } = codec.decompress("zstd", Deno.readFileSync(Deno.args[1]), 40_000_000);
        const peak = Number(/VmHWM:\\s+(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))[1]);
        console.log(JSON.stringify([failure, length, peak]));`,
      );
      const { stdout } = await run(Deno.execPath(), ["run", "-A", program, gzip, frames]);
      const [failure, length, peak] = JSON.parse(stdout);
      deepStrictEqual([failure, length], ["it decompresses to more than 1000000 bytes", 4000 * 8192]);
      ok(peak < 500_000, `${peak} KiB`);
    },
  });
}

Deno.test("openChunk reports what is wrong", () => {
  const plain = (bytes: Uint8Array): StoredChunk => ({ form: "plain", bytes });
  const id = sha512256(text);
  const open = (stored: StoredChunk, size?: number, digest: "sha256" | "sha512-256" = "sha512-256") => () =>
    openChunk(nativeCodec, stored, { id, digest, size });
  throws(open(plain(noise), text.length), /has 50000 bytes instead of 110000/);
  throws(open(plain(noise)), {
    code: "invalid-chunk",
    message: `its sha512-256 digest is ${sha512256(noise)}`,
  });
  throws(open(plain(text), text.length, "sha256"), /its id is its sha512-256 digest, but sha256 is expected/);
  throws(open({ form: "compressed", bytes: new Uint8Array(0) }), /empty/);
  throws(open({ form: "compressed", bytes: noise }), /not compressed data/);
  throws(
    open({ form: "compressed", bytes: zstdByZlib(new Uint8Array(text.length + 1)) }, text.length),
    /more/,
  );
});

for (const [name, codec] of codecs) {
  Deno.test(`${name}: bytes behind a chunk make it invalid`, () => {
    for (const more of [1, 8, 100]) {
      const frame = joined([zstdByZlib(noise), new Uint8Array(more).fill(1)]);
      const expected = { id: sha512256(noise), digest: "sha512-256", size: noise.length } as const;
      throws(() => openChunk(codec, { form: "compressed", bytes: frame }, expected), {
        code: "invalid-chunk",
      });
    }
  });
}

Deno.test("where a zstd frame ends is known before anything is decompressed", () => {
  for (const [, bytes] of inputs) {
    for (const checksum of [false, true]) {
      const frame = zstdFrame(bytes, { checksum });
      strictEqual(zstdFrameLength(joined([frame, noise])), frame.length);
      strictEqual(zstdFrameLength(frame), frame.length);
      for (let cut = 1; cut <= 10; cut++) strictEqual(zstdFrameLength(frame.subarray(0, -cut)), undefined);
    }
  }
  strictEqual(zstdFrameLength(noise), undefined);
});

Deno.test("a zstd frame's window and size are known before anything is decompressed", () => {
  for (const [, bytes] of inputs) {
    strictEqual(parseZstdFrameHeader(nativeCodec.compress(bytes, 3))?.contentSize, bytes.length);
  }
  strictEqual(parseZstdFrameHeader(zstdBomb(1))?.contentSize, undefined);
  strictEqual(parseZstdFrameHeader(zstdBomb(1))?.windowSize, 128 * 1024);
  const frame = nativeCodec.compress(noise, 3);
  for (let length = 0; length < 6; length++) {
    strictEqual(parseZstdFrameHeader(frame.subarray(0, length)), undefined);
  }
});

Deno.test("what the native codec compresses is one frame", () => {
  for (const [name, bytes] of inputs) {
    const frame = nativeCodec.compress(bytes, 3);
    sameBytes(unzstd(frame), bytes);
    let magics = 0;
    for (let at = 0; at + 4 <= frame.length; at++) {
      if (frame[at] === 0x28 && frame[at + 1] === 0xb5 && frame[at + 2] === 0x2f && frame[at + 3] === 0xfd) {
        magics++;
      }
    }
    strictEqual(magics, 1, name);
  }
});

Deno.test({
  name: "the zstd program reads what the native codec compresses",
  ignore: !peers.zstd,
  fn: async () => {
    using dir = tempDir();
    for (const [, bytes] of inputs) {
      const file = dir.write("frame.zst", nativeCodec.compress(bytes, 3));
      const { stdoutBytes } = await run(peers.zstd, ["-d", "-c", file]);
      sameBytes(stdoutBytes, bytes);
    }
  },
});
