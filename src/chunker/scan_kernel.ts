/**
 * The scan of candidates.ts in WebAssembly with SIMD, about three times as fast as in JavaScript. It finds the same
 * candidates. What it does and why stands in scan_kernel.wat.
 */

import { BYTE_WORDS } from "./buzhash.ts";
import type { Divisor } from "./candidates.ts";
import { WINDOW_SIZE } from "./params.ts";

/** How many positions a kernel scans at a time: a multiple of this, since four stretches go side by side. */
export const KERNEL_STEP = 4 * WINDOW_SIZE;

/** The most that it scans at a time. With what else the kernel touches it stays in a processor's nearer caches. */
export const KERNEL_MAX = 128 * KERNEL_STEP;

/** A compiled kernel with its memory. */
export interface ScanKernel {
  /**
   * Tests the positions from + 1 … from + length of `bytes`.
   *
   * @param from At least 47.
   * @param length A multiple of {@linkcode KERNEL_STEP}, from that up to {@linkcode KERNEL_MAX}.
   * @returns the candidates in ascending order, counted from `from`: a view that holds until the next scan.
   */
  scan(bytes: Uint8Array, from: number, length: number, divisor: Divisor): Uint32Array<ArrayBuffer>;
}

/** The assembled scan_kernel.wat, as base64: a binary file next to this one could not be imported from everywhere. */
// deno-fmt-ignore
export const KERNEL_CODE: string =
  "AGFzbQEAAAABCQFgBH9/f38BfwMCAQAFAwEABAcRAgZtZW1vcnkCAARzY2FuAAAK8QYB7gYDCH8IewV/QdAPIQQgBCAAaiEF" +
  "IAUgAGohBiAGIABqIQdBgBAgAGohCEGA4AchCyAC/REhESACQYCAgIB4c/0RIRIgA0GAgICAeHP9ESETA0BBgAghCQNAIAn9" +
  "AAQAIQ0gDEEB/asBIAxBH/2tAf1RIActAABBAnQgBi0AAEECdCAFLQAAQQJ0IAQtAABBAnT9XAIA/VYCAAH9VgIAAv1WAgAD" +
  "/VEhDCAJIAz9CwQAIAwgDSAN/Q0CAwABBgcEBQoLCAkODwwN/VEhDSAJ/QAEECEOIAxBAf2rASAMQR/9rQH9USAHLQABQQJ0" +
  "IAYtAAFBAnQgBS0AAUECdCAELQABQQJ0/VwCAP1WAgAB/VYCAAL9VgIAA/1RIQwgCSAM/QsEECAMIA4gDv0NAgMAAQYHBAUK" +
  "CwgJDg8MDf1RIQ4gCf0ABCAhDyAMQQH9qwEgDEEf/a0B/VEgBy0AAkECdCAGLQACQQJ0IAUtAAJBAnQgBC0AAkECdP1cAgD9" +
  "VgIAAf1WAgAC/VYCAAP9USEMIAkgDP0LBCAgDCAPIA/9DQIDAAEGBwQFCgsICQ4PDA39USEPIAn9AAQwIRAgDEEB/asBIAxB" +
  "H/2tAf1RIActAANBAnQgBi0AA0ECdCAFLQADQQJ0IAQtAANBAnT9XAIA/VYCAAH9VgIAAv1WAgAD/VEhDCAJIAz9CwQwIAwg" +
  "ECAQ/Q0CAwABBgcEBQoLCAkODwwN/VEhEEEPIA0gEf21ASAS/a4BIA4gEf21ASAS/a4B/bYBIA8gEf21ASAS/a4BIBAgEf21" +
  "ASAS/a4B/bYB/bYBIBP9O/2kAUcEQCAEQYAQTwRAIAsgBDYCACALIA39CwQQIAsgDv0LBCAgCyAP/QsEMCALIBD9CwRAIAtB" +
  "0ABqIQsLCyAEQQRqIQQgBUEEaiEFIAZBBGohBiAHQQRqIQcgCUHAAGohCSAJQYAOSQ0ACyAEIAhJDQALQYDgASEYA0BBgOAH" +
  "IQoCQANAIAogC0YNAUEAIRcDQCAKIBdBBHQgFkECdGpqKAIQIRQgFCABcCABQQFrRgRAIAooAgBB/w9rIRUgGCAVIBdqIBYg" +
  "AGxqNgIAIBhBBGohGAsgF0EBaiEXIBdBBEkNAAsgCkHQAGohCgwACwsgFkEBaiEWIBZBBEkNAAsgGEGA4AFrQQJ2Cw==";

/** Where the block lies in the kernel's memory, behind the bytes before it; the words T lie at 0. */
const BLOCK = 0x800;

/** Where the kernel leaves the candidates. */
const POSITIONS = 0x7000;

/**
 * Compiles the kernel. The engine compiles it at once without optimizing (2 ms in all, the first time in a process)
 * and once more behind the scenes while the first megabytes are being scanned.
 *
 * @returns undefined where WebAssembly or its SIMD is missing, or not allowed by a page's content security policy.
 */
export function compileScanKernel(): ScanKernel | undefined {
  try {
    const code = Uint8Array.from(atob(KERNEL_CODE), (character) => character.charCodeAt(0));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
    const { buffer } = exports.memory as { buffer: ArrayBuffer };
    const run = exports.scan as (quarter: number, d: number, factor: number, threshold: number) => number;
    const memory = new Uint8Array(buffer);
    new Int32Array(buffer).set(BYTE_WORDS);
    return {
      scan(bytes, from, length, { value, factor, threshold }) {
        memory.set(bytes.subarray(from - (WINDOW_SIZE - 1), from + length), BLOCK - (WINDOW_SIZE - 1));
        return new Uint32Array(buffer, POSITIONS, run(length / 4, value, factor, threshold));
      },
    };
  } catch {
    return undefined;
  }
}
