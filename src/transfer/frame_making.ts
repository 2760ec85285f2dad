/** How a thread makes the new chunks of a delta's frame, whichever way it reads files. */
import type { Codec } from "../codec/codec.ts";
import { isInvalid, openChunk } from "../codec/open_chunk.ts";
import { decompressPrefixed } from "../codec/prefixed_frame.ts";
import { freeBytes, toHex } from "../core/bytes.ts";
import { errorToWire } from "../core/errors.ts";
import type { PatchBase, PatchPlace, PatchResult, PatchTask } from "./delta_messages.ts";

/** A part of a file. */
export interface WantedPart<File> extends PatchPlace<File> {
  readonly size: number;
}

/** Yields what it has to read, and is given the bytes, which become its own; `undefined` where they cannot be read. */
export type FrameMaking<File, Result = PatchResult> = Generator<
  WantedPart<File>,
  Result,
  Uint8Array | undefined
>;

/** Reads old chunks, verifies those that were not verified before, and decompresses the frame. */
export function* frameMaking<File>(
  codec: Codec,
  { digest, frame, size, base }: Omit<PatchTask<File>, "kind">,
): FrameMaking<File> {
  const prefix: Uint8Array[] = [];
  const missing: number[] = [];
  const verified: number[] = [];
  for (const [i, chunk] of base.entries()) {
    const found = yield* findOld(codec, digest, chunk);
    if (found === undefined) missing.push(i);
    else prefix.push(found.bytes);
    if (found?.isFirst) verified.push(i);
  }
  if (missing.length > 0) return { missing, verified };
  try {
    return { bytes: decompressPrefixed(codec, frame, prefix, size), missing, verified };
  } catch (error) {
    if (!isInvalid(error)) throw error;
    return { missing, verified, problem: errorToWire(error) };
  } finally {
    for (const bytes of prefix) freeBytes(bytes);
  }
}

interface FoundChunk {
  readonly bytes: Uint8Array;
  /** It lies at the first of its places. */
  readonly isFirst: boolean;
}

function* findOld<File>(
  codec: Codec,
  digest: PatchTask["digest"],
  { id, size, places, given, isVerified }: PatchBase<File>,
): FrameMaking<File, FoundChunk | undefined> {
  for (const [i, place] of places.entries()) {
    const bytes = yield { ...place, size };
    if (bytes?.length !== size) continue;
    const isFirst = i === 0;
    // One that changes after all makes other chunks, which are verified.
    if ((isVerified && isFirst) || toHex(codec.digest(digest, bytes)) === id) return { bytes, isFirst };
  }
  if (given === undefined) return undefined;
  try {
    return { bytes: openChunk(codec, given, { id, digest, size }).bytes, isFirst: false };
  } catch (error) {
    if (isInvalid(error)) return undefined;
    throw error;
  }
}
