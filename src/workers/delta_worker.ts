/** In a worker: chunks of two versions compared and compressed, and made again. */
import { equalBytes, freeBytes, toHex } from "../core/bytes.ts";
import type { ChunkId, DigestName } from "../core/chunk.ts";
import { DesyncError, errorFromWire, errorToWire } from "../core/errors.ts";
import { isInvalid, openChunk } from "../codec/open_chunk.ts";
import { decompressPrefixed } from "../codec/prefixed_frame.ts";
import { longestFrame } from "../delta/frame_list.ts";
import { sketch } from "../delta/sketch.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import { openPrefixCompressor, type PrefixCompressor } from "../deno/codec/prefix_compressor.ts";
import type {
  FrameResult,
  FrameTask,
  PatchBase,
  PatchResult,
  PatchTask,
  SketchResult,
  SketchTask,
  VersionChunk,
} from "../transfer/delta_messages.ts";
import type { SeedFiles } from "./seed_files.ts";

/** How stores compress chunks. */
const STORED_LEVEL = 3;
/** Of a frame with a prefix that is smaller than this part of its content it is not tried whether one without is smaller still. */
const SURE_SHARE = 0.2;
/** Nor of one that is smaller than this part of what stores have. */
const BETTER_SHARE = 0.9;

/** Keeps what compresses from task to task. */
export class DeltaWorker {
  readonly #files: SeedFiles;
  #compressor: PrefixCompressor | undefined;

  constructor(files: SeedFiles) {
    this.#files = files;
  }

  sketch({ digest, chunks, sampleBits }: SketchTask): SketchResult {
    return {
      samples: chunks.map((chunk) => sketch(this.#readVerified(chunk, digest), sampleBits)),
    };
  }

  frame({ chunks, base, verifyBy, level, measure }: FrameTask): FrameResult {
    const content = this.#readAll(chunks, verifyBy);
    const compressor = this.#compressor ??= openPrefixCompressor();
    const most = longestFrame(content.length);
    const prefix = base.length === 0 ? undefined : this.#readAll(base);
    const prefixed = prefix && compressor.compress(content, prefix, level, most);
    const isSure = prefixed !== undefined && prefixed.length < SURE_SHARE * content.length;
    const stored = isSure && !measure
      ? undefined
      : compressor.compress(content, undefined, STORED_LEVEL, most)!;
    const storedBytes = stored?.length;
    let alone: Uint8Array<ArrayBuffer> | undefined;
    let result: FrameResult | undefined = prefixed &&
      { codec: "prefixed", frame: prefixed, storedBytes, isSure };
    if (stored !== undefined && !(isSure || (result && result.frame.length < BETTER_SHARE * stored.length))) {
      alone = compressor.compress(content, undefined, level, most)!;
      const smaller = alone.length <= stored.length ? alone : stored;
      if (result === undefined || smaller.length < result.frame.length) {
        result = { codec: "alone", frame: smaller, storedBytes, isSure };
      }
    }
    const again = decompressPrefixed(
      nativeCodec,
      result!.frame,
      prefix && result!.codec === "prefixed" ? [prefix] : [],
      content.length,
    );
    if (!equalBytes(again, content)) {
      throw new DesyncError("io", {
        action: "make the delta",
        reason: "what libzstd compressed is not what was decompressed",
        hint: "is the memory of this machine intact?",
      });
    }
    const kept = result!.frame;
    for (const bytes of [content, prefix, again, prefixed, stored, alone]) {
      if (bytes !== undefined && bytes !== kept) freeBytes(bytes);
    }
    return result!;
  }

  patch({ digest, frame, size, base }: PatchTask): PatchResult {
    const prefix: Uint8Array[] = [];
    const missing: number[] = [];
    const verified: number[] = [];
    for (const [i, chunk] of base.entries()) {
      const found = this.#find(digest, chunk);
      if (found === undefined) missing.push(i);
      else prefix.push(found.bytes);
      if (found?.isFirst) verified.push(i);
    }
    if (missing.length > 0) return { missing, verified };
    try {
      return { bytes: decompressPrefixed(nativeCodec, frame, prefix, size), missing, verified };
    } catch (error) {
      if (!isInvalid(error)) throw error;
      return { missing, verified, problem: errorToWire(error) };
    } finally {
      for (const bytes of prefix) freeBytes(bytes);
    }
  }

  release(): void {
    this.#compressor?.[Symbol.dispose]();
    this.#compressor = undefined;
  }

  /** A copy of the chunk's bytes, and whether they were verified where they lie first. */
  #find(digest: DigestName, chunk: PatchBase): { bytes: Uint8Array; isFirst: boolean } | undefined {
    const { id, size, places, given, isVerified } = chunk;
    for (const [i, { file, offset }] of places.entries()) {
      const bytes = this.#files.read(file, offset, size);
      if (!(bytes instanceof Uint8Array) || bytes.length !== size) continue;
      const isFirst = i === 0;
      // One that changes after all makes other chunks, which are verified.
      if ((isVerified && isFirst) || isChunk(digest, bytes, id)) return { bytes: bytes.slice(), isFirst };
    }
    if (given === undefined) return undefined;
    try {
      return { bytes: openChunk(nativeCodec, given, { id, digest, size }).bytes, isFirst: false };
    } catch (error) {
      if (isInvalid(error)) return undefined;
      throw error;
    }
  }

  #readAll(chunks: readonly VersionChunk[], verifyBy?: DigestName): Uint8Array<ArrayBuffer> {
    const read = (chunk: VersionChunk) =>
      verifyBy === undefined ? this.#read(chunk) : this.#readVerified(chunk, verifyBy);
    const all = new Uint8Array(chunks.reduce((sum, { size }) => sum + size, 0));
    let at = 0;
    for (const chunk of chunks) {
      const bytes = read(chunk);
      all.set(bytes, at);
      at += bytes.length;
    }
    return all;
  }

  /** As `#read`. Throws `mismatch` for a file that is not what its index describes; bytes that were sent are verified already. */
  #readVerified(chunk: VersionChunk, digest: DigestName): Uint8Array {
    const bytes = this.#read(chunk);
    if (chunk.bytes === undefined && !isChunk(digest, bytes, chunk.id)) throw changed(chunk);
    return bytes;
  }

  /** The chunk's bytes, valid until the next call. */
  #read(chunk: VersionChunk): Uint8Array {
    if (chunk.bytes !== undefined) return chunk.bytes;
    const { file, offset } = chunk.place!;
    const bytes = this.#files.read(file, offset, chunk.size);
    if (!(bytes instanceof Uint8Array)) throw errorFromWire(bytes);
    if (bytes.length !== chunk.size) throw changed(chunk);
    return bytes;
  }
}

function isChunk(digest: DigestName, bytes: Uint8Array, id: ChunkId): boolean {
  return toHex(nativeCodec.digest(digest, bytes)) === id;
}

function changed({ id, size, place }: VersionChunk): DesyncError {
  const { file, offset } = place!;
  return new DesyncError("mismatch", {
    action: "use",
    subject: file.displayName,
    reason: `it is not what its index describes: bytes ${offset} to ${offset + size} should be chunk ${id}`,
  });
}
