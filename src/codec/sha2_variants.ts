/**
 * What SHA-256 and SHA-512/256 differ in: both are one algorithm, with words of 32 and of 64 bits.
 *
 * Source: FIPS 180-4, sections 4.1, 4.2 and 5.3.
 */
import type { DigestName } from "../core/chunk.ts";

/** What the two differ in. */
export interface Variant {
  /** Bits of a word. */
  readonly bits: 32 | 64;
  readonly rounds: number;
  /** Rotations of Σ0, Σ1, and rotations and the shift of σ0, σ1. */
  readonly sums: readonly (readonly [number, number, number])[];
  readonly mixes: readonly (readonly [number, number, number])[];
  /** H(0), in words of 64 bits, or pairs of 32. */
  readonly initial: readonly bigint[];
}

export const VARIANTS: Readonly<Record<DigestName, Variant>> = {
  "sha256": {
    bits: 32,
    rounds: 64,
    sums: [[2, 13, 22], [6, 11, 25]],
    mixes: [[7, 18, 3], [17, 19, 10]],
    initial: [0x6a09e667bb67ae85n, 0x3c6ef372a54ff53an, 0x510e527f9b05688cn, 0x1f83d9ab5be0cd19n],
  },
  "sha512-256": {
    bits: 64,
    rounds: 80,
    sums: [[28, 34, 39], [14, 18, 41]],
    mixes: [[1, 8, 7], [19, 61, 6]],
    // deno-fmt-ignore
    initial: [
      0x22312194fc2bf72cn, 0x9f555fa3c84c64c2n, 0x2393b86b6f53b151n, 0x963877195940eabdn,
      0x96283ee2a88effe3n, 0xbe5e1e2553863992n, 0x2b0199fc2c85b8aan, 0x0eb72ddc81c52ca2n,
    ],
  },
};

/**
 * The constants of the rounds, as 64 bits: the first of the fractional parts of the cube roots of the first primes. Those of 32
 * bits begin these.
 */
export function roundConstants({ rounds }: Variant): bigint[] {
  let prime = 1;
  return Array.from({ length: rounds }, () => {
    do prime++; while (!isPrime(prime));
    return cubeRoot(BigInt(prime) << 192n) & 0xffffffffffffffffn;
  });
}

function isPrime(value: number): boolean {
  for (let i = 2; i * i <= value; i++) if (value % i === 0) return false;
  return true;
}

/** The largest integer whose cube is not larger: Newton's method, from above. */
function cubeRoot(value: bigint): bigint {
  for (let root = 1n << 70n;;) {
    const next = (2n * root + value / (root * root)) / 3n;
    if (next >= root) return root;
    root = next;
  }
}
