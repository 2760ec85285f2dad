/** Checks every chunk of a store. */
import type { Codec } from "../codec/codec.ts";
import { openChunk, unreadableChunk } from "../codec/open_chunk.ts";
import { portableCodec } from "../codec/portable.ts";
import { DesyncError, messageOf } from "../core/errors.ts";
import { DEFAULT_LIMITS } from "../stores/wrappers/limiter.ts";
import type { ListedChunk, ManagedChunkStore } from "../stores/store.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import type { InvalidChunk } from "../transfer/messages.ts";
import { emptySummary, type ListedAmount, type VerifyOptions, type VerifySummary } from "./verify_summary.ts";

/** What {@linkcode verifyStore} may be given. */
export interface VerifyStoreOptions extends VerifyOptions {
  /** What decompresses and verifies. Default: JavaScript that runs anywhere. */
  readonly codec?: Codec;
}

/**
 * Reads every chunk of the store and checks it against its id. A chunk that is stored in two forms is checked in the form
 * that readers of the store get. Throws `interrupted`, and what the store throws when it cannot be listed.
 *
 * @example Find what is damaged
 * ```ts
 * import { hashChunk, MemoryStore, portableCodec, verifyStore } from "@desync/desync";
 *
 * const store = new MemoryStore();
 * await store.put(hashChunk(portableCodec, "sha512-256", new TextEncoder().encode("some bytes")));
 * const { chunks, invalid } = await verifyStore(store, { onInvalid: ({ id }) => console.warn(id) });
 * if (chunks !== 1 || invalid !== 0) throw new Error("it is not damaged");
 * ```
 */
export async function verifyStore(
  store: ManagedChunkStore,
  options: VerifyStoreOptions = {},
): Promise<VerifySummary> {
  const { repair = false, signal, progress, onListed } = options;
  const { location, concurrency = DEFAULT_LIMITS } = store.properties;
  const summary = emptySummary();
  const most = concurrency.start;
  if (progress !== undefined || onListed !== undefined) {
    const listed = await amountOf(store, signal);
    if (progress !== undefined) progress.total = listed.chunks;
    onListed?.(listed);
  }
  for await (const page of store.list({ signal })) {
    await forEachConcurrent(page, most, signal, async (chunk, signal) => {
      const storedBytes = await check(store, chunk, summary, options, signal);
      if (storedBytes !== undefined) progress?.add({ kind: "store", location }, 1, 1, storedBytes);
    });
  }
  if (repair) summary.staleFiles = (await store.removeStale?.({ signal }))?.files ?? 0;
  return summary;
}

/** Listed twice instead of kept: a store may have many millions of chunks. */
async function amountOf(store: ManagedChunkStore, signal?: AbortSignal): Promise<ListedAmount> {
  let [chunks, storedBytes] = [0, 0];
  for await (const page of store.list({ signal })) {
    chunks += page.length;
    for (const chunk of page) storedBytes += chunk.storedBytes;
  }
  return { chunks, storedBytes };
}

/** Bytes that the chunk takes; `undefined` when it is gone, or another form of it is what readers get. */
async function check(
  store: ManagedChunkStore,
  { id, form }: ListedChunk,
  summary: VerifySummary,
  { digest = "sha512-256", codec = portableCodec, repair = false, onInvalid, onUnreadable }:
    VerifyStoreOptions,
  signal: AbortSignal,
): Promise<number | undefined> {
  let storedBytes = 0;
  try {
    const stored = await store.get(id, { signal });
    if (stored?.form !== form) return undefined;
    storedBytes = stored.bytes.length;
    openChunk(codec, stored, { id, digest });
  } catch (error) {
    if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
    if (error.code === "wrong-digest") summary.otherDigest++;
    else if (error.code === "invalid-chunk") {
      const invalid = { id, form, reason: messageOf(error), removed: false };
      const chunk = await judge(store, invalid, repair, signal);
      summary.invalid++;
      if (chunk.removed) summary.removed++;
      onInvalid?.(chunk);
    } else {
      summary.unreadable++;
      onUnreadable?.(messageOf(unreadableChunk(id, store.properties.location, error)));
    }
  }
  summary.chunks++;
  summary.storedBytes += storedBytes;
  return storedBytes;
}

async function judge(
  store: ManagedChunkStore,
  chunk: InvalidChunk,
  repair: boolean,
  signal: AbortSignal,
): Promise<InvalidChunk> {
  if (!repair) return chunk;
  try {
    await store.remove(chunk.id, { form: chunk.form, signal });
    return { ...chunk, removed: true };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ...chunk, reason: `${chunk.reason}; it could not be removed: ${messageOf(error)}` };
  }
}
