/** Bytes compared at the speed of memory. */
import { Buffer } from "node:buffer";

/** Whether both have the same bytes. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0;
}
