/** zstd for Denos before 2.7, whose node:zlib has none: compressed by WebAssembly, decompressed by JavaScript. */
import { portableCodec } from "../../codec/portable.ts";
import { zstdFrameLength } from "../../codec/zstd_frame.ts";
import { DesyncError } from "../../core/errors.ts";
import { WASM_ZSTD } from "../late_packages.ts";

/** The part of npm:@hpcc-js/wasm-zstd that is used here: Deno would fetch the package for its types, too. */
interface WasmZstd {
  load(): Promise<{ compress(bytes: Uint8Array, level: number): Uint8Array }>;
}

const { Zstd }: { Zstd: WasmZstd } = await import(WASM_ZSTD);
const zstd = await Zstd.load();

/** One frame with its content's size and without a checksum. */
export function compress(bytes: Uint8Array, level: number): Uint8Array {
  const frame = zstd.compress(bytes, level);
  // An error of the library shows by this alone.
  if (zstdFrameLength(frame) === frame.length) return frame;
  throw new DesyncError("io", {
    action: "compress",
    subject: `${bytes.length} bytes`,
    reason: "zstd failed",
  });
}

/** As the native codec does it. */
export function decompress(bytes: Uint8Array, limit: number): Uint8Array {
  return portableCodec.decompress("zstd", bytes, limit);
}
