import type { StoredChunk } from "../../../src/core/chunk.ts";
import type { VerifiedChunk } from "../../../src/codec/open_chunk.ts";

/** Any bytes as a chunk that was verified: stores have to hold damaged ones, too, to be tested with. */
export function asVerified(id: string, stored: StoredChunk): VerifiedChunk {
  return { id, stored } as unknown as VerifiedChunk;
}
