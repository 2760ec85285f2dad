/**
 * Random input that can be had again. The seed comes from the clock unless the test gives one, is printed, so that a
 * failure can be repeated with it by DESYNC_TEST_SEED.
 */

/** A small generator (xorshift128) whose numbers depend on the seed alone. */
export class Random {
  readonly seed: number;
  #x: number;
  #y: number;
  #z: number;
  #w: number;

  constructor(seed: number) {
    this.seed = seed >>> 0;
    // Any constants do, as long as the state is never all zeros.
    this.#x = this.seed ^ 0x9e3779b9;
    this.#y = 0x243f6a88;
    this.#z = 0x85a308d3;
    this.#w = 0x13198a2e;
    for (let i = 0; i < 16; i++) this.uint32(); // seeds that are alike shall not start alike
  }

  /** A whole number from 0 to 2^32-1. */
  uint32(): number {
    const t = this.#x ^ (this.#x << 11);
    this.#x = this.#y;
    this.#y = this.#z;
    this.#z = this.#w;
    this.#w = (this.#w ^ (this.#w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return this.#w;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit);
  }

  /** That many random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const words = new Uint32Array(Math.ceil(length / 4));
    for (let i = 0; i < words.length; i++) words[i] = this.uint32();
    return new Uint8Array(words.buffer, 0, length);
  }
}

/** A generator for one test. Give a seed where every run shall use the same bytes. */
export function random(seed?: number): Random {
  if (seed !== undefined) return new Random(seed);
  const override = Deno.env.get("DESYNC_TEST_SEED");
  const chosen = override === undefined ? Date.now() % 0x1_0000_0000 : Number(override);
  if (!Number.isInteger(chosen)) throw new Error(`DESYNC_TEST_SEED is "${override}": give a whole number`);
  const generator = new Random(chosen);
  const line = `random bytes: DESYNC_TEST_SEED=${generator.seed} repeats them\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
  return generator;
}
