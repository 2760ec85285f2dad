/** zstd for tests: Deno's own where it works, which it does since 2.7, and packages from npm otherwise. */

import { spawnSync } from "node:child_process";
import * as zlib from "node:zlib";
import { Zstd } from "npm:@hpcc-js/wasm-zstd@1.12.5";
import { decompress } from "npm:fzstd@0.1.1";
import { peers } from "../peers.ts";

/** Whether this Deno compresses by itself. */
export const hasZstd: boolean = works();

const wasm = hasZstd ? undefined : await Zstd.load();

function works(): boolean {
  try {
    zlib.zstdCompressSync(new Uint8Array(0));
    return true;
  } catch {
    return false;
  }
}

/** One frame that tells its content's size, with a checksum if wanted. */
export function zstdFrame(bytes: Uint8Array, options: { checksum?: boolean } = {}): Uint8Array<ArrayBuffer> {
  const { checksum = false } = options;
  if (wasm !== undefined) return checksum ? checkedFrame(bytes) : new Uint8Array(wasm.compress(bytes));
  const params = { [zlib.constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0 };
  // With a smaller output buffer Deno 2.9 adds an empty frame.
  return new Uint8Array(zlib.zstdCompressSync(bytes, { chunkSize: bytes.length + 1024, params }));
}

/** What zlib makes of it with its own settings: one frame, or one and an empty one. */
export function zstdByZlib(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return hasZstd ? new Uint8Array(zlib.zstdCompressSync(bytes)) : zstdFrame(bytes);
}

/** What is in the frames. */
export function unzstd(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return hasZstd ? new Uint8Array(zlib.zstdDecompressSync(bytes)) : new Uint8Array(decompress(bytes));
}

/** The packages make no checksums. */
function checkedFrame(input: Uint8Array): Uint8Array<ArrayBuffer> {
  if (peers.zstd === undefined) {
    throw new Error("this Deno has no zstd: install the program zstd for the tests");
  }
  const words = ["-q", "-c", "--check", `--stream-size=${input.length}`];
  const { status, stdout, stderr } = spawnSync(peers.zstd, words, { input });
  if (status !== 0) throw new Error(`zstd ended with status ${status}: ${stderr}`);
  return new Uint8Array(stdout);
}
