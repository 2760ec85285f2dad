/** Compression with a prefix by the system's libzstd: node:zlib ignores dictionaries. */
import { DesyncError } from "../../core/errors.ts";
import { mayCallLibraries } from "../system/permitted.ts";

const SYMBOLS = {
  ZSTD_createCCtx: { parameters: [], result: "pointer" },
  ZSTD_freeCCtx: { parameters: ["pointer"], result: "usize" },
  ZSTD_CCtx_setParameter: { parameters: ["pointer", "i32", "i32"], result: "usize" },
  ZSTD_CCtx_refPrefix: { parameters: ["pointer", "buffer", "usize"], result: "usize" },
  ZSTD_compress2: { parameters: ["pointer", "buffer", "usize", "buffer", "usize"], result: "usize" },
} as const;

/** ZSTD_cParameter of zstd.h. */
const COMPRESSION_LEVEL = 100;
const WINDOW_LOG = 101;
const HASH_LOG = 102;

/** Where the library is, by its system. */
const NAMES: Readonly<Partial<Record<typeof Deno.build.os, readonly string[]>>> = {
  linux: ["libzstd.so.1"],
  darwin: ["libzstd.1.dylib", "/opt/homebrew/lib/libzstd.1.dylib", "/usr/local/lib/libzstd.1.dylib"],
};

/** Levels with which no window is smaller than this. */
const SURE_WINDOW_BYTES = 1024 * 1024;

/** Levels that enter each byte of a prefix into a table of hashes, which takes most of their time when it is large. */
const HASHING_LEVELS = { least: 9, most: 12 };
const LEAST_HASH_LOG = 6;

/**
 * The size of that table, as a power of two: half of the bytes that are entered, in place of what a level has for much more.
 * Measured with zstd 1.5.4: twice as fast, and up to 0.3 % larger; with a quarter of the bytes 4 % for compressed contents. 0 is
 * what the level has.
 */
function hashLogOf(level: number, prefixBytes: number, bytes: number): number {
  if (prefixBytes === 0 || level < HASHING_LEVELS.least || level > HASHING_LEVELS.most) return 0;
  return Math.max(LEAST_HASH_LOG, Math.ceil(Math.log2(prefixBytes + bytes)) - 1);
}

/** Makes frames that say how much is in them, one after the other. */
export interface PrefixCompressor extends Disposable {
  /**
   * One frame with this content, which refers to the prefix; `undefined` when it would have more than `most` bytes. Both stay
   * as they are meanwhile.
   */
  compress(
    bytes: Uint8Array<ArrayBuffer>,
    prefix: Uint8Array<ArrayBuffer> | undefined,
    level: number,
    most: number,
  ): Uint8Array<ArrayBuffer> | undefined;
}

/** The system's. Throws `unsupported` where it cannot be had. Never asks for a permission. */
export function openPrefixCompressor(): PrefixCompressor {
  const library = load();
  if (library === undefined) throw unavailable();
  const { symbols } = library;
  const context = symbols.ZSTD_createCCtx();
  const checked = (result: bigint) => {
    if (isError(result)) throw new DesyncError("io", { action: "compress", reason: "libzstd failed" });
  };
  let target = new Uint8Array(0);
  return {
    compress(bytes, prefix, level, most) {
      checked(symbols.ZSTD_CCtx_setParameter(context, COMPRESSION_LEVEL, level));
      // With a window as large as the content, all of the prefix can be referred to from all of it.
      const windowLog = bytes.length > SURE_WINDOW_BYTES ? Math.ceil(Math.log2(bytes.length)) : 0;
      checked(symbols.ZSTD_CCtx_setParameter(context, WINDOW_LOG, windowLog));
      const hashLog = hashLogOf(level, prefix?.length ?? 0, bytes.length);
      checked(symbols.ZSTD_CCtx_setParameter(context, HASH_LOG, hashLog));
      // It counts for one frame.
      if (prefix !== undefined) {
        checked(symbols.ZSTD_CCtx_refPrefix(context, prefix, BigInt(prefix.length)));
      }
      // Kept for the next one: the garbage collector does not see how large it is.
      if (target.length < most) target = new Uint8Array(most);
      const length = symbols.ZSTD_compress2(
        context,
        target,
        BigInt(most),
        bytes,
        BigInt(bytes.length),
      );
      return isError(length) ? undefined : target.slice(0, Number(length));
    },
    [Symbol.dispose]() {
      symbols.ZSTD_freeCCtx(context);
      library.close();
    },
  };
}

/** Errors are small negative numbers in a type that has none. */
function isError(result: bigint): boolean {
  return result > 2n ** 63n;
}

function load(): Deno.DynamicLibrary<typeof SYMBOLS> | undefined {
  if (!mayCallLibraries()) return undefined;
  for (const name of NAMES[Deno.build.os] ?? []) {
    try {
      return Deno.dlopen(name, SYMBOLS);
    } catch {
      // The next one.
    }
  }
  return undefined;
}

function unavailable(): DesyncError {
  return new DesyncError("unsupported", {
    action: "make deltas",
    reason: "the system's libzstd cannot be used",
    hint: "install it, and let Deno call foreign functions (--allow-ffi)",
  });
}
