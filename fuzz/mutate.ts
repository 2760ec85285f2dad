/** Changes inputs by chance, where it hurts: numbers, words, lengths, and the pieces that a format is made of. */
import type { Random } from "../tests/support/random.ts";
import { concat } from "../src/core/bytes.ts";
import type { Target } from "./target.ts";

/** No input is larger: what takes too long at this size is too slow. */
export const MAX_INPUT = 64 * 1024;
/** Most inputs are smaller, so that many are tried. */
const USUAL_INPUT = 2048;

const NUMBERS = [
  ...[0n, 1n, 2n, 7n, 8n, 15n, 16n, 17n, 32n, 40n, 48n, 64n, 127n, 255n, 256n, 512n, 4095n, 4096n, 65535n],
  ...[31n, 32n, 52n, 53n, 62n, 63n].flatMap((bits) => [(1n << bits) - 1n, 1n << bits, (1n << bits) + 1n]),
  (1n << 64n) - 1n,
];
const DIGITS = [
  "0",
  "1",
  "7",
  "8",
  "9",
  "00",
  "-1",
  "4294967295",
  "9007199254740993",
  "1e9",
  "99999999999999999999",
];
const encoder = new TextEncoder();

/** Another input, made of this one and perhaps a part of the other; when it is long, of one part again and again. */
export function mutate(
  target: Target,
  random: Random,
  input: Uint8Array,
  other: Uint8Array,
  isLong: boolean,
): Uint8Array {
  let bytes: Uint8Array = input.slice();
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    bytes = target.split !== undefined && random.below(3) === 0
      ? changePieces(target.split(bytes), target.split(other), random)
      : changeBytes(bytes, other, target, random);
  }
  const most = isLong ? MAX_INPUT : USUAL_INPUT;
  if (isLong) bytes = lengthen(bytes, random);
  if (bytes.length > most) bytes = bytes.slice(0, most);
  return target.repair !== undefined && random.below(4) > 0 ? target.repair(bytes.slice(), random) : bytes;
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)];
}

/** A place and a length within so many bytes. */
function stretch(random: Random, length: number, most: number): [from: number, to: number] {
  const from = random.below(length + 1);
  return [from, Math.min(length, from + 1 + random.below(most))];
}

function replaced(bytes: Uint8Array, from: number, to: number, by: Uint8Array): Uint8Array {
  return concat([bytes.subarray(0, from), by, bytes.subarray(to)]);
}

function changeBytes(bytes: Uint8Array, other: Uint8Array, target: Target, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const [from, to] = stretch(random, bytes.length, pick(random, [1, 4, 16, 100]));
  switch (random.below(10)) {
    case 0: // a bit
      if (at < bytes.length) bytes[at] ^= 1 << random.below(8);
      return bytes;
    case 1: // any byte, or one that many formats mind
      if (at < bytes.length) {
        bytes[at] = random.below(2) === 0 ? random.below(256) : pick(random, [0, 9, 10, 13, 27, 32, 255]);
      }
      return bytes;
    case 2: // a number
      return putNumber(bytes, random);
    case 3: // a number in text
      return replaced(
        bytes,
        at,
        Math.min(bytes.length, at + random.below(3)),
        encoder.encode(pick(random, DIGITS)),
      );
    case 4: // a word, in place of as many bytes or between them
      if (target.words === undefined) return bytes;
      return replaceByWord(bytes, at, pick(random, target.words), random);
    case 5:
      return replaced(bytes, from, to, new Uint8Array(0));
    case 6:
      return replaced(bytes, at, at, bytes.subarray(from, to));
    case 7: // random bytes
      return replaced(bytes, at, at, random.bytes(1 + random.below(8)));
    case 8: { // a part of another input
      const [start, end] = stretch(random, other.length, 200);
      return replaced(bytes, from, random.below(2) === 0 ? from : to, other.subarray(start, end));
    }
    default: // cut off, seldom near the beginning
      return random.below(4) === 0 ? bytes.slice(0, at) : bytes.slice(0, bytes.length - random.below(20));
  }
}

function replaceByWord(bytes: Uint8Array, at: number, word: Uint8Array, random: Random): Uint8Array {
  return replaced(bytes, at, random.below(2) === 0 ? at : Math.min(bytes.length, at + word.length), word);
}

function putNumber(bytes: Uint8Array, random: Random): Uint8Array {
  const width = pick(random, [8, 8, 4, 2]);
  if (bytes.length < width) return bytes;
  const places = Math.floor((bytes.length - width) / width) + 1;
  const at = random.below(4) === 0 ? random.below(bytes.length - width + 1) : width * random.below(places);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = random.below(8) > 0;
  const near = width === 8 && random.below(3) === 0
    ? view.getBigUint64(at, little) + BigInt(random.below(5) - 2)
    : pick(random, NUMBERS);
  if (width === 8) view.setBigUint64(at, BigInt.asUintN(64, near), little);
  else if (width === 4) view.setUint32(at, Number(near & 0xffffffffn), little);
  else view.setUint16(at, Number(near & 0xffffn), little);
  return bytes;
}

function changePieces(pieces: Uint8Array[], others: Uint8Array[], random: Random): Uint8Array {
  if (pieces.length === 0 || others.length === 0) return concat(pieces);
  const at = random.below(pieces.length);
  switch (random.below(5)) {
    case 0:
      pieces.splice(at, 1);
      break;
    case 1:
      pieces.splice(at, 0, pick(random, pieces));
      break;
    case 2: { // two change places
      const to = random.below(pieces.length);
      [pieces[at], pieces[to]] = [pieces[to], pieces[at]];
      break;
    }
    case 3: { // pieces of another input
      const from = random.below(others.length);
      pieces.splice(at, random.below(2), ...others.slice(from, from + 1 + random.below(4)));
      break;
    }
    default: // two are joined in the middle
      pieces[at] = concat([
        pieces[at].subarray(0, random.below(pieces[at].length + 1)),
        pick(random, others),
      ]);
  }
  return concat(pieces);
}

/** The same part again and again: what takes time that grows faster than the input shows so. */
function lengthen(bytes: Uint8Array, random: Random): Uint8Array {
  const [from, to] = stretch(random, bytes.length, pick(random, [1, 2, 8, 600]));
  if (from === to) return bytes;
  const part = bytes.subarray(from, to);
  const times = Math.floor(Math.max(0, MAX_INPUT - bytes.length) / part.length);
  const many = new Uint8Array(part.length * times);
  for (let i = 0; i < times; i++) many.set(part, i * part.length);
  return replaced(bytes, to, to, many);
}
