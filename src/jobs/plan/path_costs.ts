/** Which paths of an archive an update is for. */
import { heaviestPaths } from "../../archive/heaviest_paths.ts";
import { ChunkedBlob } from "../../blob/blob.ts";
import { blobAccess } from "../../blob/blob_access.ts";
import type { Codec } from "../../codec/codec.ts";
import type { ChunkStore, Sources } from "../../stores/store.ts";
import { wrapStore } from "../../stores/wrappers/wrap.ts";
import type { ChunkPlan } from "./chunk_plan.ts";

/** A path of an archive and what it costs. */
export interface PathCost {
  /** Its escaped name from the root on. A directory's ends in "/" and stands for its own entry and table alone. */
  readonly path: string;
  /** Bytes of it, with its metadata, that have to come from a store. */
  readonly newBytes: number;
  /** Bytes of it that are at hand. */
  readonly keptBytes: number;
}

/** The paths that cost the most. */
export interface PathCosts {
  /** The most expensive first. */
  readonly heaviest: readonly PathCost[];
  /** Chunks of the archive that were fetched to find them: their tables and names are in these. */
  readonly fetchedChunks: number;
  /** Bytes of these, as they are stored. */
  readonly fetchedBytes: number;
}

/** Chunks are kept while the archive is looked through: neighbouring entries share them. */
const KEPT_BYTES = 16 * 1024 * 1024;

/**
 * The paths with the most new bytes, found in the archive itself: chunks with its tables and names are fetched, and the cache
 * is read but not filled. Throws `invalid-archive`, and as reading a blob does.
 */
export async function pathCosts(
  plan: ChunkPlan,
  { cache, stores }: Sources,
  { most, codec, signal }: {
    readonly most: number;
    readonly codec?: Codec;
    readonly signal?: AbortSignal;
  },
): Promise<PathCosts> {
  const counts = { chunks: 0, bytes: 0 };
  const counted = (store: ChunkStore): ChunkStore =>
    wrapStore<ChunkStore>(store, async (send, { name }) => {
      const answer = await send();
      if (name === "get" && isStored(answer)) {
        counts.chunks++;
        counts.bytes += answer.bytes.length;
      }
      return answer;
    });
  const sources = { stores: [...cache === undefined ? [] : [cache], ...stores].map(counted) };
  const access = blobAccess(ChunkedBlob.open(plan.index, sources, { codec, keepBytes: KEPT_BYTES }));
  const heaviest = await heaviestPaths(access, newBytesOf(plan), { most, signal });
  return {
    heaviest: heaviest.map(({ path, size, weight }) => ({
      path,
      newBytes: weight,
      keptBytes: size - weight,
    })),
    fetchedChunks: counts.chunks,
    fetchedBytes: counts.bytes,
  };
}

function isStored(answer: unknown): answer is { readonly bytes: Uint8Array } {
  return typeof answer === "object" && answer !== null && "bytes" in answer &&
    answer.bytes instanceof Uint8Array;
}

/** How many bytes of any part of the blob come from stores. */
function newBytesOf({ index, from, origins }: ChunkPlan): (start: number, end: number) => number {
  const isNew = origins.map(({ kind }) => kind === "store" || kind === "patched" || kind === "missing");
  /** Before each chunk. */
  const sums = new Float64Array(index.count + 1);
  for (let i = 0; i < index.count; i++) sums[i + 1] = sums[i] + (isNew[from[i]] ? index.length(i) : 0);
  const upTo = (offset: number) => {
    if (offset >= index.size) return sums[index.count];
    const chunk = index.chunkAt(offset);
    return sums[chunk] + (isNew[from[chunk]] ? offset - index.start(chunk) : 0);
  };
  return (start, end) => upTo(end) - upTo(start);
}
