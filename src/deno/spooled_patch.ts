/** Chunks that are made before they are needed, since what they are made of will be overwritten. */
import { toHex } from "../core/bytes.ts";
import type { ChunkId, DigestName, StoredChunk } from "../core/chunk.ts";
import { DesyncError } from "../core/errors.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import type { PatchFetch, PatchStore, StoreProperties } from "../stores/store.ts";
import { nativeCodec } from "./codec/native_codec.ts";
import { SpoolFile } from "./files/spool_file.ts";

/** Chunks that are asked for at a time. */
const AT_A_TIME = 32;

interface Place {
  readonly offset: number;
  readonly size: number;
}

/** How they are made. */
interface SpoolingOptions {
  readonly digest: DigestName;
  readonly signal?: AbortSignal;
  /** Called when the first of them is used. */
  readonly onUse?: () => void;
}

/** What a patch made, in a temporary file. */
class SpooledPatch implements PatchStore {
  readonly #patch: PatchStore;
  readonly #file = new SpoolFile();
  readonly #places = new Map<ChunkId, Place>();
  #onUse: (() => void) | undefined;

  constructor(patch: PatchStore, onUse?: () => void) {
    this.#patch = patch;
    this.#onUse = onUse;
  }

  /** Makes all chunks that are needed. Throws `io` when there is no room for them, and `interrupted`. */
  async make(digest: DigestName, signal?: AbortSignal): Promise<void> {
    let end = 0;
    this.#patch.expect(this.#patch.neededIds());
    await forEachConcurrent(this.#patch.neededIds(), AT_A_TIME, signal, async (id, signal) => {
      const bytes = (await this.#patch.get(id, { signal }))?.bytes;
      if (bytes === undefined) return;
      if (toHex(nativeCodec.digest(digest, bytes)) !== id) return this.#patch.refuse(id);
      const place = { offset: end, size: bytes.length };
      end += bytes.length;
      this.#file.append(bytes);
      this.#places.set(id, place);
    });
  }

  get properties(): StoreProperties {
    return this.#patch.properties;
  }

  async get(id: ChunkId): Promise<StoredChunk | null> {
    const place = this.#places.get(id);
    if (place === undefined) return null;
    this.#onUse?.();
    this.#onUse = undefined;
    const bytes = new Uint8Array(place.size);
    this.#file.read(bytes, place.offset);
    return await Promise.resolve({ form: "plain", bytes });
  }

  async has(id: ChunkId): Promise<boolean> {
    return await Promise.resolve(this.#places.has(id));
  }

  plannedFetch(ids: Iterable<ChunkId>): PatchFetch {
    return this.#patch.plannedFetch(ids);
  }

  neededIds(): Iterable<ChunkId> {
    return this.#places.keys();
  }

  expect(): void {} // all were made

  refuse(id: ChunkId): void {
    this.#patch.refuse(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file[Symbol.dispose]();
    await this.#patch[Symbol.asyncDispose]();
  }
}

/**
 * All of these, made before they are needed. One for which there is no room is left out, and `onProblem` gets why. Throws
 * `interrupted`.
 */
export async function spooledPatches(
  patches: readonly PatchStore[],
  { digest, signal, onUse, onProblem }: SpoolingOptions & {
    readonly onProblem?: (problem: DesyncError, location: string) => void;
  },
): Promise<PatchStore[]> {
  await using made = new AsyncDisposableStack();
  const spooled: PatchStore[] = [];
  for (const patch of patches) {
    try {
      await using opened = new AsyncDisposableStack();
      const one = opened.use(new SpooledPatch(patch, onUse));
      await one.make(digest, signal);
      spooled.push(one);
      made.use(opened.move());
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
      onProblem?.(error, patch.properties.location);
    }
  }
  made.move();
  return spooled;
}
