/** The codec of web workers: zstd in WebAssembly, several times as fast as in JavaScript. */
import { ZSTDDecoder } from "npm:zstddec@0.3.4";
import type { Codec } from "../codec/codec.ts";
import { MIN_WINDOW_LIMIT } from "../codec/limits.ts";
import { portableCodec } from "../codec/portable.ts";
import { parseZstdFrameHeader, zstdFrameLength } from "../codec/zstd_frame.ts";

/**
 * Loads it. What it does not take is left to {@linkcode portableCodec}, which says what is wrong with it; where WebAssembly is
 * not allowed, that is everything.
 */
export async function loadWasmCodec(): Promise<Codec> {
  const decoder = new ZSTDDecoder();
  try {
    await decoder.init();
  } catch {
    return portableCodec;
  }
  return {
    digest: portableCodec.digest,
    decompress(compression, bytes, limit) {
      if (compression === "zstd" && isUsual(bytes, limit)) {
        // It gets room for so many bytes, and gives none when it needs more or finds anything wrong.
        const content = decoder.decode(bytes, limit);
        if (content.length > 0) return content;
      }
      return portableCodec.decompress(compression, bytes, limit);
    },
  };
}

/** Whether it is as every program writes chunks: a single frame, with a window that is not larger than needed. */
function isUsual(bytes: Uint8Array, limit: number): boolean {
  if (limit === 0 || zstdFrameLength(bytes) !== bytes.length) return false;
  const header = parseZstdFrameHeader(bytes);
  return header !== undefined && header.windowSize <= Math.max(limit, MIN_WINDOW_LIMIT);
}
