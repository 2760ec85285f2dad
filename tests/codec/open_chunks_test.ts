/** Several chunks that are opened together are the same as one by one, and so is what is wrong with them. */

import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { StoredChunk } from "../../src/core/chunk.ts";
import type { Codec } from "../../src/codec/codec.ts";
import {
  type ExpectedChunk,
  openChunk,
  openChunks,
  OpenedChunk,
  orItsError,
  unpackChunk,
} from "../../src/codec/open_chunk.ts";
import { portableCodec } from "../../src/codec/portable.ts";
import { nativeCodec } from "../../src/deno/codec/native_codec.ts";
import { chunkCipher } from "../../src/deno/codec/native_cipher.ts";
import type { DesyncError } from "../../src/core/errors.ts";
import { stored, zstdBomb } from "../support/made.ts";
import { random } from "../support/random.ts";
import { sha256, sha512256 } from "../support/sha.ts";
import { testdata } from "../support/testdata.ts";
import { amount } from "../support/thorough.ts";

interface Case {
  readonly stored: StoredChunk;
  readonly expected: ExpectedChunk;
}

const generator = random();
const cipher = chunkCipher("aes-256-gcm", generator.bytes(32));
const other = chunkCipher("aes-256-gcm", generator.bytes(32));

/** Chunks that casync compressed with xz. */
const xz: Case[] = [...Deno.readDirSync(testdata("casync-xz.castr"))].flatMap((directory) => {
  const path = testdata(`casync-xz.castr/${directory.name}`);
  return [...Deno.readDirSync(path)].map(({ name }): Case => ({
    stored: { form: "compressed", bytes: Deno.readFileSync(`${path}/${name}`) },
    expected: { id: name.slice(0, 64), digest: "sha512-256" },
  }));
});

function pick<T>(values: readonly T[]): T {
  return values[generator.below(values.length)];
}

/** A chunk in some form, right or wrong. */
function someCase(): Case {
  if (generator.below(10) === 0) return spoilt(pick(xz));
  const bytes = generator.bytes(pick([0, 1, 63, 64, 1000, 1000, 20_000, 65_536]));
  if (generator.below(2) === 0) bytes.fill(7, bytes.length >> 1);
  const digest = generator.below(8) === 0 ? "sha256" : "sha512-256";
  const form = pick(["plain", "zstd", "zstd", "gzip"] as const);
  const chunk: StoredChunk = { form: form === "plain" ? form : "compressed", bytes: stored(bytes, form) };
  const id = digest === "sha256" ? sha256(bytes) : sha512256(bytes);
  const size = generator.below(2) === 0 ? undefined : bytes.length;
  return spoilt({ stored: chunk, expected: { id, digest, size } });
}

function spoilt({ stored: { form, bytes }, expected }: Case): Case {
  const change = generator.below(14);
  const size = expected.size ?? 1000;
  if (change === 0) return { stored: { form, bytes: bytes.slice(0, bytes.length >> 1) }, expected };
  if (change === 1 && bytes.length > 0) {
    const at = generator.below(bytes.length);
    return { stored: { form, bytes: bytes.with(at, bytes[at] ^ 1 << generator.below(8)) }, expected };
  }
  if (change === 2) {
    return { stored: { form, bytes }, expected: { ...expected, size: size + pick([-1, 1, 7]) } };
  }
  if (change === 3) return { stored: { form, bytes }, expected: { ...expected, id: "ab".repeat(32) } };
  if (change === 4) {
    const digest = expected.digest === "sha256" ? "sha512-256" : "sha256";
    return { stored: { form, bytes }, expected: { ...expected, digest } };
  }
  if (change === 5) return { stored: { form: "compressed", bytes: zstdBomb(10) }, expected };
  if (change > 7) return { stored: { form, bytes }, expected };
  const sealed = pick([cipher, other]).seal(bytes);
  return { stored: { form, bytes: sealed, encryption: cipher.key }, expected };
}

/** With memory of its own: decrypting may change what it gets. */
function copied({ stored, expected }: Case): [StoredChunk, ExpectedChunk] {
  return [{ ...stored, bytes: stored.bytes.slice() }, expected];
}

/** All that there is to see of a chunk, or of the error. */
function seen(opened: OpenedChunk | DesyncError): unknown {
  if (!(opened instanceof OpenedChunk)) return [opened.code, opened.message, opened.hint, opened.reason];
  const { id, bytes, stored } = opened;
  return [id, bytes, stored];
}

const { digest, decompress } = nativeCodec;
const codecs: [string, Codec][] = [
  ["native", nativeCodec],
  ["portable", portableCodec],
  ["a codec without ciphers that hashes one by one", { digest, decompress }],
];

for (const [name, codec] of codecs) {
  Deno.test(`${name}: chunks that are opened together are what they are one by one`, () => {
    const codes = new Set<string>();
    for (let round = 0; round < amount(8, 100); round++) {
      const cases = Array.from({ length: generator.below(40) }, someCase);
      const expected = cases.map((one) => orItsError(() => openChunk(codec, ...copied(one))));
      const found = openChunks(
        codec,
        cases.map((one) => orItsError(() => unpackChunk(codec, ...copied(one)))),
      );
      deepStrictEqual(found.map(seen), expected.map(seen));
      for (const one of found) codes.add(one instanceof OpenedChunk ? "right" : one.code);
    }
    for (const code of ["right", "invalid-chunk", "wrong-digest"]) ok(codes.has(code), code);
  });
}

Deno.test("of a chunk that is unpacked, only the size is to be seen", () => {
  const bytes = generator.bytes(1000);
  const chunk: StoredChunk = { form: "compressed", bytes: stored(bytes, "zstd") };
  const unpacked = unpackChunk(nativeCodec, chunk, { id: sha512256(bytes), digest: "sha512-256" });
  strictEqual(unpacked.size, bytes.length);
  ok(!("bytes" in unpacked));
  deepStrictEqual(openChunks(nativeCodec, []), []);
});
