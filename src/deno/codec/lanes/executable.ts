/**
 * Machine code that this program made, as a function: as engines of JavaScript do, the memory is written first, and after
 * that it can be executed and not written. Only on Linux and only when foreign functions are allowed.
 */
import { loadLibc } from "../../system/libc.ts";

/** A function whose argument is memory. */
export type NativeFunction = (memory: Uint8Array<ArrayBuffer>) => void;

const READ = 1;
const WRITE = 2;
const EXECUTE = 4;
const PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = 2n ** 64n - 1n;

const SIGNATURE = { parameters: ["buffer"], result: "void" } as const;

const SYMBOLS = {
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
} as const;

/**
 * The code as a function; `null` where that is not to be had, or not allowed. Its memory stays when the thread ends. Code of
 * another kind of processor, and wrong code, ends the program.
 */
export function executable(code: Uint8Array): NativeFunction | null {
  const c = loadLibc(SYMBOLS)?.symbols;
  if (c === undefined) return null;
  const size = BigInt(code.length);
  const memory = c.mmap(null, size, READ | WRITE, PRIVATE_ANONYMOUS, -1, 0n);
  if (memory === null || Deno.UnsafePointer.value(memory) === MAP_FAILED) return null;
  new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(memory, code.length)).set(code);
  if (c.mprotect(memory, size, READ | EXECUTE) !== 0) return null;
  const called = new Deno.UnsafeFnPointer(memory as Deno.PointerObject<typeof SIGNATURE>, SIGNATURE);
  return (bytes) => called.call(bytes);
}
