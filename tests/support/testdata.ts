/**
 * The files in testdata/ and the blobs that they were made from. The blobs are not stored: they are made here, from a
 * fixed seed, by these functions and by testdata/make.sh alike. testdata/SHA256SUMS has their digests.
 */

import { join } from "node:path";
import { repository } from "./process.ts";
import { Random } from "./random.ts";

/** The path of a file or store in testdata/. */
export function testdata(name: string): string {
  return join(repository, "testdata", name);
}

/** 2.4 MB for casync's default chunk sizes: text, random bytes, more than 1 MiB of zeros, and repeats. */
export function blob(): Uint8Array<ArrayBuffer> {
  const generator = new Random(20240117);
  const first = text(generator, 300_000);
  const noise = generator.bytes(256 * 1024);
  const zeros = new Uint8Array(1_323_065);
  return concat([first, noise, zeros, noise, text(generator, 200_000), noise.subarray(1000, 90_000)]);
}

/** 0.5 MB of the same kinds, for small chunk sizes: 4096:16384:65536 and less. */
export function smallBlob(): Uint8Array<ArrayBuffer> {
  const generator = new Random(42);
  const first = text(generator, 60_000);
  const noise = generator.bytes(64 * 1024);
  const zeros = new Uint8Array(200_000);
  return concat([first, noise, zeros, noise, first, generator.bytes(1000)]);
}

/** Text that compresses about as well as text does. */
function text(generator: Random, length: number): Uint8Array {
  let words = "";
  while (words.length < length) {
    words += vocabulary[generator.below(vocabulary.length)];
    words += generator.below(12) === 0 ? `\n${generator.below(100_000)} ` : " ";
  }
  return new TextEncoder().encode(words.slice(0, length));
}

const vocabulary =
  ("archive block blob boundary bytes cache chunk client content copy delta device digest directory disk entry file " +
    "frame hash header image index kernel length link list magic node offset owner package path payload random read " +
    "record release repeat rolling root seed server size stream store symlink system table tail tree update version " +
    "window write zero").split(" ");

function concat(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

if (import.meta.main) {
  const [folder] = Deno.args;
  Deno.writeFileSync(join(folder, "blob"), blob());
  Deno.writeFileSync(join(folder, "small"), smallBlob());
}
