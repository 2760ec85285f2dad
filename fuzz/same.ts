/** Comparison of values, much faster than that of `node:assert` where they are the same, as they nearly always are. */
import { deepStrictEqual } from "node:assert/strict";
import { equalBytes } from "../src/core/bytes.ts";

/** Throws unless both are the same all the way down. A field that is `undefined` is one that is missing. */
export function assertSame(actual: unknown, expected: unknown): void {
  if (isSame(actual, expected)) return;
  deepStrictEqual(actual, expected);
  throw new Error("two values differ");
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && equalBytes(a, b);
  if (ArrayBuffer.isView(a) || a instanceof Map || a instanceof Set) return false;
  if (a instanceof Error) return b instanceof Error && a.message === b.message;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((value, i) => isSame(value, b[i]));
  }
  return isSubset(a, b) && isSubset(b, a);
}

function isSubset(a: object, b: object): boolean {
  for (const key of Object.keys(a)) {
    if (!isSame(Reflect.get(a, key), Reflect.get(b, key))) return false;
  }
  return true;
}
