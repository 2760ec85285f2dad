/**
 * The sums that xz has behind its parts: CRC32 and CRC64.
 *
 * Source: The .xz File Format 1.1.0, section 6.
 */

/** By byte, the lower halves in the first 256 numbers and the upper ones in the others. Made when they are needed. */
let table32: Uint32Array | undefined;
let table64: Uint32Array | undefined;

/** The polynomials, reversed. */
const POLYNOMIAL_32 = [0xedb88320, 0] as const;
const POLYNOMIAL_64 = [0xd7870f42, 0xc96c5795] as const;

/** CRC32 (IEEE 802.3) of the bytes. */
export function crc32(bytes: Uint8Array): number {
  const table = table32 ??= crcTable(POLYNOMIAL_32);
  let sum = -1;
  for (let i = 0; i < bytes.length; i++) sum = table[(sum ^ bytes[i]) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** CRC64 (ECMA-182) of the bytes: the lower and the upper half. */
export function crc64(bytes: Uint8Array): [low: number, high: number] {
  const table = table64 ??= crcTable(POLYNOMIAL_64);
  let [low, high] = [-1, -1];
  for (let i = 0; i < bytes.length; i++) {
    const at = (low ^ bytes[i]) & 255;
    low = table[at] ^ ((low >>> 8) | (high << 24));
    high = table[256 + at] ^ (high >>> 8);
  }
  return [~low >>> 0, ~high >>> 0];
}

function crcTable([lowPolynomial, highPolynomial]: readonly [number, number]): Uint32Array {
  const table = new Uint32Array(512);
  for (let byte = 0; byte < 256; byte++) {
    let [low, high] = [byte, 0];
    for (let bit = 0; bit < 8; bit++) {
      const carry = -(low & 1);
      low = ((low >>> 1) | (high << 31)) ^ (lowPolynomial & carry);
      high = (high >>> 1) ^ (highPolynomial & carry);
    }
    table[byte] = low;
    table[256 + byte] = high;
  }
  return table;
}
