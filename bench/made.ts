/** Data that is made instead of found: the same on every machine, and of any size. */
import { directory, exists, path } from "./data.ts";

const PIECE_BYTES = 1024 * 1024;
/** Bytes that are new, before as many that repeat them. */
const UNIT_BYTES = 512;

/** Numbers that look random: xorshift32 (Marsaglia, Xorshift RNGs, 2003). The first 16 GiB have no part twice. */
export class Numbers {
  #word = 1;

  /** Fills the array with the next ones. */
  fill(words: Uint32Array): void {
    let word = this.#word;
    for (let i = 0; i < words.length; i++) {
      word ^= word << 13;
      word ^= word >>> 17;
      word ^= word << 5;
      words[i] = word;
    }
    this.#word = word;
  }
}

/** A file of which half can be compressed away, unless it is there; no chunk comes twice in up to 32 GiB. */
export function halfCompressible(name: string, bytes: number): string {
  const target = path(name);
  if (exists(target)) return target;
  Deno.mkdirSync(directory, { recursive: true });
  const pieces = new Pieces();
  {
    using file = Deno.openSync(`${target}.tmp`, { create: true, truncate: true, write: true });
    pieces.write(file, bytes);
  }
  Deno.renameSync(`${target}.tmp`, target);
  return target;
}

/** A directory of such files, unless it is there: in each of its directories 100, of up to twice the `average` size. */
export function compressibleTree(name: string, bytes: number, average: number): string {
  const target = path(name);
  if (exists(target)) return target;
  const pieces = new Pieces();
  const size = new Numbers();
  const word = new Uint32Array(1);
  for (let [number, left] = [0, bytes]; left > 0; number++) {
    const directory = `${target}.tmp/${Math.floor(number / 100)}`;
    if (number % 100 === 0) Deno.mkdirSync(directory, { recursive: true });
    size.fill(word);
    const length = Math.min(left, word[0] % (2 * average));
    using file = Deno.openSync(`${directory}/${number}`, { create: true, write: true });
    pieces.write(file, length);
    left -= length;
  }
  Deno.renameSync(`${target}.tmp`, target);
  return target;
}

/** One stream of bytes, of which files are made one after the other. */
class Pieces {
  readonly #numbers = new Numbers();
  readonly #piece = new Uint8Array(PIECE_BYTES);
  /** What was not used yet begins here. */
  #at = PIECE_BYTES;

  write(file: Deno.FsFile, bytes: number): void {
    for (let left = bytes; left > 0;) {
      if (this.#at === PIECE_BYTES) this.#next();
      const count = file.writeSync(this.#piece.subarray(this.#at, this.#at + left));
      this.#at += count;
      left -= count;
    }
  }

  #next(): void {
    const fresh = new Uint32Array(PIECE_BYTES / 2 / 4);
    this.#numbers.fill(fresh);
    const bytes = new Uint8Array(fresh.buffer);
    for (let at = 0; at < bytes.length; at += UNIT_BYTES) {
      const unit = bytes.subarray(at, at + UNIT_BYTES);
      this.#piece.set(unit, 2 * at);
      this.#piece.set(unit, 2 * at + UNIT_BYTES);
    }
    this.#at = 0;
  }
}
