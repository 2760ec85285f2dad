/**
 * Decompression by the system's libzstd where it has one: node:zlib makes a decoder, and a stream around it, for each
 * chunk. Here one decoder serves for all. Only on Linux and only when foreign functions are allowed.
 */
import { rawZstdFrame } from "../../codec/zstd_frame.ts";
import { equalBytes } from "../../core/bytes.ts";
import { mayCallLibraries } from "../system/permitted.ts";

const SYMBOLS = {
  ZSTD_createDCtx: { parameters: [], result: "pointer" },
  ZSTD_decompressDCtx: { parameters: ["pointer", "buffer", "usize", "buffer", "usize"], result: "usize" },
} as const;

/** What a library has to get right before it is believed. */
const PROBE: Uint8Array = new Uint8Array(1000).fill(0xa5);

/**
 * Decompresses one whole frame into `target`. Returns how many bytes it made; `undefined` when the frame is damaged, or
 * does not fit. It needs no memory but `target`: the window is what it has written there.
 */
export type Unzstd = (frame: Uint8Array, target: Uint8Array) => number | undefined;

/** Decompression by the system's library, `null` where it cannot be had. Never asks for a permission. */
export function systemUnzstd(): Unzstd | null {
  if (Deno.build.os !== "linux" || !mayCallLibraries()) return null;
  try {
    const { symbols } = Deno.dlopen("libzstd.so.1", SYMBOLS);
    const decoder = symbols.ZSTD_createDCtx();
    const unzstd: Unzstd = (frame, target) => {
      const count = symbols.ZSTD_decompressDCtx(
        decoder,
        target as Uint8Array<ArrayBuffer>,
        BigInt(target.length),
        frame as Uint8Array<ArrayBuffer>,
        BigInt(frame.length),
      );
      // Errors are negative numbers as the type has none: beyond any length.
      return count <= BigInt(target.length) ? Number(count) : undefined;
    };
    const target = new Uint8Array(PROBE.length);
    const isGood = unzstd(rawZstdFrame(PROBE), target) === PROBE.length && equalBytes(target, PROBE);
    return isGood && decoder !== null ? unzstd : null;
  } catch {
    return null;
  }
}
