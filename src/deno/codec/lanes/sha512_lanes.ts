/**
 * SHA-512/256 of several pieces at a time, two to three times as fast as one by one. No library that systems have does that, so
 * the code for the processor is made here (`lane_kernel.ts`). Only on Linux, on x86-64 with AVX2, and only when foreign
 * functions are allowed.
 */
import { equalBytes, viewOf } from "../../../core/bytes.ts";
import { ID_BYTES } from "../../../core/chunk.ts";
import { VARIANTS } from "../../../codec/sha2_variants.ts";
import type { Digest } from "../libcrypto.ts";
import { executable, type NativeFunction } from "./executable.ts";
import { assembleLanes, BLOCK_BYTES, LANES, prepareWork, WORK } from "./lane_kernel.ts";
import { vectors } from "./processor.ts";

/** The digests of all pieces, in their order. */
export type DigestAll = (pieces: readonly Uint8Array[]) => Uint8Array<ArrayBuffer>[];

const { initial: START } = VARIANTS["sha512-256"];
/** What follows a message: a bit, zeros, and its length in 16 bytes. */
const LEAST_PADDING = 17;
const CACHE_LINE_BYTES = 64;
const WORD_BYTES = 8;

/** What a processor has to get right before it is believed: digests of pieces of these lengths. */
const PROBE_LENGTHS = [300, 0, 111, 112, 128, 4000, 1];

/** Digests by lanes, `null` where they cannot be had, or are not what `digest` makes. Never asks for a permission. */
export function sha512256Lanes(digest: Digest): DigestAll | null {
  const has = vectors();
  if (has === null || !has.wide) return null;
  const digestAll = lanesOf(has.ternary, digest);
  const pieces = PROBE_LENGTHS.map((length) => new Uint8Array(length).fill(length));
  const isGood = digestAll?.(pieces).every((found, i) => equalBytes(found, digest(pieces[i])));
  return isGood ? digestAll : null;
}

/** The same without a probe. The processor must have AVX2, and AVX-512VL if that is to be used. */
export function lanesOf(hasTernary: boolean, digest: Digest): DigestAll | null {
  const hash = executable(assembleLanes(hasTernary));
  if (hash === null) return null;
  const hasher = new LaneHasher(hash, digest, hasTernary ? 1 : 2);
  return (pieces) => hasher.digestAll(pieces);
}

/** What a lane hashes. */
interface Lane {
  /** Which lane. */
  readonly i: number;
  /** Which of the pieces. */
  readonly number: number;
  readonly bytes: Uint8Array;
  /** How much of it was hashed, its last blocks apart. */
  hashed: number;
  /** Where its next block is, and how many follow each other there. */
  address: number;
  blocks: number;
  /** Whether these are its last ones. */
  isEnd: boolean;
}

class LaneHasher {
  readonly #hash: NativeFunction;
  readonly #work = alignedMemory(WORK.bytes);
  readonly #view = viewOf(this.#work);
  /** The last blocks of each lane. */
  readonly #ends = Array.from({ length: LANES }, () => new Uint8Array(2 * BLOCK_BYTES));
  readonly #endsAt = this.#ends.map(addressOf);
  readonly #digest: Digest;
  readonly #few: number;

  /** `few` is how many lanes with something to hash are no faster than `digest`. */
  constructor(hash: NativeFunction, digest: Digest, few: number) {
    this.#hash = hash;
    this.#digest = digest;
    this.#few = few;
    prepareWork(this.#work);
  }

  digestAll(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer>[] {
    const digests: Uint8Array<ArrayBuffer>[] = new Array(pieces.length);
    // The longest first: at the end there is little that is hashed alone.
    const waiting = pieces.map((_, i) => i).sort((a, b) => pieces[a].length - pieces[b].length);
    const lanes: (Lane | undefined)[] = new Array(LANES).fill(undefined);
    while (true) {
      for (let i = 0; i < LANES; i++) lanes[i] ??= this.#begin(i, waiting.pop(), pieces);
      const busy = lanes.filter((lane) => lane !== undefined);
      if (busy.length <= this.#few && busy.every(({ isEnd }) => !isEnd)) {
        for (const lane of busy) digests[lane.number] = this.#finish(lane);
        return digests;
      }
      for (const lane of busy) if (lane.blocks === 0) this.#beginEnd(lane);
      this.#step(lanes, busy);
      for (const { i, number, blocks, isEnd } of busy) {
        if (blocks > 0 || !isEnd) continue;
        digests[number] = this.#digestOf(i);
        lanes[i] = undefined;
      }
    }
  }

  /** Hashes as many blocks of each lane as follow each other in all that are busy. */
  #step(lanes: readonly (Lane | undefined)[], busy: readonly Lane[]): void {
    let shortest = busy[0];
    for (const lane of busy) if (lane.blocks < shortest.blocks) shortest = lane;
    const count = shortest.blocks;
    // A lane without work hashes what another does; its result is not used.
    lanes.forEach((lane, i) => {
      this.#view.setBigUint64(WORK.blocks + i * WORD_BYTES, BigInt((lane ?? shortest).address), true);
    });
    this.#view.setUint32(WORK.count, count, true);
    this.#hash(this.#work);
    for (const lane of busy) {
      lane.address += count * BLOCK_BYTES;
      lane.blocks -= count;
      if (!lane.isEnd) lane.hashed += count * BLOCK_BYTES;
    }
  }

  #begin(i: number, number: number | undefined, pieces: readonly Uint8Array[]): Lane | undefined {
    if (number === undefined) return undefined;
    START.forEach((word, j) => this.#view.setBigUint64(wordAt(i, j), word, true));
    const bytes = pieces[number];
    const blocks = Math.floor(bytes.length / BLOCK_BYTES);
    return { i, number, bytes, hashed: 0, address: addressOf(bytes), blocks, isEnd: false };
  }

  /** The rest of the piece, and what follows it. */
  #beginEnd(lane: Lane): void {
    const { i, bytes } = lane;
    const rest = bytes.length % BLOCK_BYTES;
    const blocks = rest + LEAST_PADDING > BLOCK_BYTES ? 2 : 1;
    const end = this.#ends[i].fill(0);
    end.set(bytes.subarray(bytes.length - rest));
    end[rest] = 0x80;
    viewOf(end).setBigUint64(blocks * BLOCK_BYTES - 8, 8n * BigInt(bytes.length));
    lane.address = this.#endsAt[i];
    lane.blocks = blocks;
    lane.isEnd = true;
  }

  /** The digest of a piece whose beginning is hashed. */
  #finish({ i, bytes, hashed }: Lane): Uint8Array<ArrayBuffer> {
    const words = new Uint8Array(8 * WORD_BYTES);
    for (let j = 0; j < 8; j++) words.set(this.#word(i, j), j * WORD_BYTES);
    return this.#digest(bytes.subarray(hashed), { words, hashed });
  }

  /** The first words of the lane's state, the highest byte of each first. */
  #digestOf(i: number): Uint8Array<ArrayBuffer> {
    const digest = new Uint8Array(ID_BYTES);
    for (let j = 0; j < ID_BYTES / WORD_BYTES; j++) digest.set(this.#word(i, j).toReversed(), j * WORD_BYTES);
    return digest;
  }

  /** A word of a lane's state. */
  #word(i: number, j: number): Uint8Array {
    return this.#work.subarray(wordAt(i, j), wordAt(i, j) + WORD_BYTES);
  }
}

function wordAt(i: number, j: number): number {
  return WORK.state + (j * LANES + i) * WORD_BYTES;
}

/** Memory in which no vector lies in two lines of a processor's cache, which takes twice as long. */
function alignedMemory(bytes: number): Uint8Array<ArrayBuffer> {
  const memory = new Uint8Array(bytes + CACHE_LINE_BYTES);
  const start = -addressOf(memory) % CACHE_LINE_BYTES + CACHE_LINE_BYTES;
  return memory.subarray(start, start + bytes);
}

/** Where the bytes are: not in what V8 moves, for their buffer was asked for. It stays there while the bytes are used. */
function addressOf({ buffer, byteOffset }: Uint8Array): number {
  const address = Deno.UnsafePointer.of(buffer as ArrayBuffer);
  return Number(Deno.UnsafePointer.value(address)) + byteOffset;
}
