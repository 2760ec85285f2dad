/** Adding chunks to a store that is not a directory, which the main thread does for the workers. */
import type { ChunkId, StoredForm } from "../core/chunk.ts";
import type { ChunkKey } from "../core/chunk_key.ts";
import type { ChunkEncoding } from "../codec/encode_chunk.ts";
import type { VerifiedChunk } from "../codec/open_chunk.ts";
import { limitStore } from "../stores/wrappers/limit_store.ts";
import { Limiter } from "../stores/wrappers/limiter.ts";
import type { RequestOptions, StoreProperties, WritableChunkStore } from "../stores/store.ts";
import { allOrFirstFailure } from "../core/all_or_first_failure.ts";
import type { ChunkDestination, DirectoryDestination, MainDestination } from "./messages.ts";
import type { Workers } from "./ports.ts";

/** A store that a job fills: a directory, to which workers write by themselves, or any other store. */
export type FilledDestination =
  | DirectoryDestination
  | (Omit<MainDestination, "encryption"> & { readonly store: WritableChunkStore });

/** The form that all chunks get, `undefined` where they are left as they come. */
function formOf({ form }: ChunkEncoding): StoredForm | undefined {
  return form === "as it came" ? undefined : form;
}

/** The same for these workers: a store is nothing that they can be sent. */
export function forWorkers(
  destination: FilledDestination | undefined,
  workers: CipherWorkers,
): ChunkDestination | undefined {
  if (destination?.kind !== "main") return destination;
  const { encoding, store } = destination;
  return { kind: "main", encoding, encryption: sealingKey(store.properties, workers) };
}

/** With which key the workers encrypt the chunks for such a store, if they do. */
export function sealingKey(
  { takesSealed, encryption }: StoreProperties,
  { haveCiphers }: CipherWorkers,
): ChunkKey | undefined {
  return takesSealed && haveCiphers ? encryption : undefined;
}

type CipherWorkers = Pick<Workers, "haveCiphers">;

/** The writer for a destination that needs one. */
export function writerFor(destination: FilledDestination | undefined): StoreWriter | undefined {
  return destination?.kind === "main"
    ? new StoreWriter(destination.store, formOf(destination.encoding))
    : undefined;
}

/** Chunks that are remembered to be in the store: a blob repeats what it had lately. They take about 25 MB. */
const REMEMBERED = 2 ** 18;

/** Adds chunks to one store, each once, under limits of the store's own. */
export class StoreWriter {
  /** The most concurrent requests. */
  readonly max: number;
  readonly #store: WritableChunkStore;
  readonly #form: StoredForm | undefined;
  /** Chunks that are being asked for or put. */
  readonly #claimed = new Set<ChunkId>();
  /** Chunks that it has, as far as they are remembered: they are neither asked for nor put again. */
  readonly #present = new Set<ChunkId>();

  /** `form` is the one in which all chunks will be put: one that is there in the other is lacking, and costs no request. */
  constructor(store: WritableChunkStore, form?: StoredForm) {
    this.#form = form;
    const limiter = new Limiter(store.properties.concurrency);
    this.max = limiter.max;
    this.#store = limitStore(store, limiter);
  }

  /** Asks which of the chunks the store lacks. Those have to be {@linkcode put} then: no other call gets them. */
  async claim(ids: readonly ChunkId[], options: RequestOptions): Promise<Set<ChunkId>> {
    const mine = new Set(ids.filter((id) => !this.#claimed.has(id) && !this.#present.has(id)));
    for (const id of mine) this.#claimed.add(id);
    // Asking would be fetching them.
    if (this.#store.properties.probe === "by-get") return mine;
    await allOrFirstFailure([...mine].map(async (id) => {
      if (!await this.#store.has(id, { ...options, form: this.#form })) return;
      mine.delete(id);
      this.#settle(id);
    }));
    return mine;
  }

  /**
   * Puts chunks that were claimed, and returns when they are there, so that no more wait in memory. `done` gets each one that
   * is there.
   */
  async put(
    chunks: readonly VerifiedChunk[],
    options: RequestOptions,
    done: (chunk: VerifiedChunk) => void = () => {},
  ): Promise<void> {
    await allOrFirstFailure(chunks.map(async (chunk) => {
      await this.#store.put(chunk, options);
      done(chunk);
      this.#settle(chunk.id);
    }));
  }

  /** Notes that the chunk is there. */
  #settle(id: ChunkId): void {
    this.#claimed.delete(id);
    this.#present.add(id);
    if (this.#present.size <= REMEMBERED) return;
    const [oldest] = this.#present;
    this.#present.delete(oldest);
  }
}
