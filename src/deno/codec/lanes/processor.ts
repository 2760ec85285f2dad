/** What the processor can do. */
import { executable } from "./executable.ts";

/** What lanes can use. */
export interface Vectors {
  /** AVX2. */
  readonly wide: boolean;
  /** AVX-512VL: its instructions for vectors of 256 bits. */
  readonly ternary: boolean;
}

/**
 * cpuid and xgetbv, as a function on four words of 32 bits: eax and ecx go in, eax, ebx, ecx and edx come out. With eax
 * 0xffffffff it is xgetbv.
 */
// deno-fmt-ignore
const ASK: Uint8Array = Uint8Array.of(
  0x53,                   // push rbx
  0x8b, 0x07,             // mov eax, [rdi]
  0x8b, 0x4f, 0x08,       // mov ecx, [rdi + 8]
  0x83, 0xf8, 0xff,       // cmp eax, -1
  0x74, 0x04,             // je to xgetbv
  0x0f, 0xa2,             // cpuid
  0xeb, 0x03,             // jmp over it
  0x0f, 0x01, 0xd0,       // xgetbv
  0x89, 0x07,             // mov [rdi], eax
  0x89, 0x5f, 0x04,       // mov [rdi + 4], ebx
  0x89, 0x4f, 0x08,       // mov [rdi + 8], ecx
  0x89, 0x57, 0x0c,       // mov [rdi + 12], edx
  0x5b, 0xc3,             // pop rbx, ret
);
const XGETBV = 0xffffffff;

/** What the system saves of a thread's registers: vectors of 256 bits, and what AVX-512 adds. */
const SAVES_WIDE = 0x06;
const SAVES_TERNARY = 0xe6;

/** `null` for another kind of processor than x86-64, and where it cannot be asked. */
export function vectors(): Vectors | null {
  const ask = Deno.build.arch === "x86_64" ? executable(ASK) : null;
  if (ask === null) return null;
  const words = (eax: number) => {
    const registers = new Uint32Array([eax, 0, 0, 0]);
    ask(new Uint8Array(registers.buffer));
    return registers;
  };
  const has = (word: number, bit: number) => (word >>> bit & 1) === 1;
  if (words(0)[0] < 7 || !has(words(1)[2], 27)) return { wide: false, ternary: false };
  const saved = words(XGETBV)[0];
  const features = words(7)[1];
  const wide = has(features, 5) && (saved & SAVES_WIDE) === SAVES_WIDE;
  const ternary = wide && has(features, 16) && has(features, 31) && (saved & SAVES_TERNARY) === SAVES_TERNARY;
  return { wide, ternary };
}
