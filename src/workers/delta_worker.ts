/** In a worker: chunks of two versions compared and compressed, and made again. */
import { equalBytes, freeBytes, toHex } from "../core/bytes.ts";
import type { DigestName } from "../core/chunk.ts";
import { DesyncError, errorFromWire } from "../core/errors.ts";
import { digestAll } from "../codec/codec.ts";
import { decompressPrefixed } from "../codec/prefixed_frame.ts";
import { longestFrame } from "../delta/frame_list.ts";
import { sketch } from "../delta/sketch.ts";
import { nativeCodec } from "../deno/codec/native_codec.ts";
import { openPrefixCompressor, type PrefixCompressor } from "../deno/codec/prefix_compressor.ts";
import type {
  FrameResult,
  FrameTask,
  PatchResult,
  PatchTask,
  SketchResult,
  SketchTask,
  VersionChunk,
} from "../transfer/delta_messages.ts";
import { frameMaking } from "../transfer/frame_making.ts";
import { grouped } from "../transfer/groups.ts";
import type { SeedFiles } from "./seed_files.ts";

/** How stores compress chunks. */
const STORED_LEVEL = 3;
/** Of a frame with a prefix that is smaller than this part of its content it is not tried whether one without is smaller still. */
const SURE_SHARE = 0.2;
/** Nor of one that is smaller than this part of what stores have. */
const BETTER_SHARE = 0.9;
/** Bytes that are hashed together. */
const TOGETHER_BYTES = 512 * 1024;

/** Keeps what compresses from task to task. */
export class DeltaWorker {
  readonly #files: SeedFiles;
  #compressor: PrefixCompressor | undefined;
  #room = new Uint8Array(0);

  constructor(files: SeedFiles) {
    this.#files = files;
  }

  sketch({ digest, chunks, sampleBits }: SketchTask): SketchResult {
    const samples: Uint32Array[] = [];
    for (const some of grouped(chunks, Infinity, TOGETHER_BYTES)) {
      const size = sizeOf(some);
      if (this.#room.length < size) this.#room = new Uint8Array(size);
      for (const bytes of this.#readInto(this.#room, some, digest)) samples.push(sketch(bytes, sampleBits));
    }
    return { samples };
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

  patch(task: PatchTask): PatchResult {
    const making = frameMaking(nativeCodec, task);
    let step = making.next();
    while (!step.done) {
      const { file, offset, size } = step.value;
      const bytes = this.#files.read(file, offset, size);
      step = making.next(bytes instanceof Uint8Array ? bytes.slice() : undefined);
    }
    return step.value;
  }

  release(): void {
    this.#compressor?.[Symbol.dispose]();
    this.#compressor = undefined;
  }

  #readAll(chunks: readonly VersionChunk[], verifyBy?: DigestName): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(sizeOf(chunks));
    this.#readInto(all, chunks, verifyBy);
    return all;
  }

  /**
   * Puts the chunks' bytes into `room` and returns them one by one. Throws `mismatch` for a file that is not what its index
   * describes; bytes that were sent are verified already.
   */
  #readInto(room: Uint8Array, chunks: readonly VersionChunk[], verifyBy?: DigestName): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let at = 0;
    try {
      for (const chunk of chunks) {
        const target = room.subarray(at, at += chunk.size);
        this.#read(chunk, target);
        pieces.push(target);
      }
    } finally {
      // One that cannot be read is reported after those before it.
      if (verifyBy !== undefined) verify(verifyBy, chunks, pieces);
    }
    return pieces;
  }

  #read(chunk: VersionChunk, target: Uint8Array): void {
    if (chunk.bytes !== undefined) return target.set(chunk.bytes);
    const { file, offset } = chunk.place!;
    const bytes = this.#files.readInto(target, file, offset);
    if (!(bytes instanceof Uint8Array)) throw errorFromWire(bytes);
    if (bytes.length !== chunk.size) throw changed(chunk);
  }
}

function sizeOf(chunks: readonly VersionChunk[]): number {
  return chunks.reduce((sum, { size }) => sum + size, 0);
}

/** Verifies the first of these chunks, as far as their bytes were read. */
function verify(digest: DigestName, chunks: readonly VersionChunk[], pieces: readonly Uint8Array[]): void {
  const wasRead = (i: number) => chunks[i].bytes === undefined;
  const ids = digestAll(nativeCodec, digest, pieces.filter((_, i) => wasRead(i))).values();
  for (const i of pieces.keys()) {
    if (wasRead(i) && toHex(ids.next().value!) !== chunks[i].id) throw changed(chunks[i]);
  }
}

function changed({ id, size, place }: VersionChunk): DesyncError {
  const { file, offset } = place!;
  return new DesyncError("mismatch", {
    action: "use",
    subject: file.displayName,
    reason: `it is not what its index describes: bytes ${offset} to ${offset + size} should be chunk ${id}`,
  });
}
