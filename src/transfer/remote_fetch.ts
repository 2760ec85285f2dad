/** Fetches chunks from seeds and stores that workers cannot read by themselves, to be verified and written by them. */
import type { ChunkId, StoredChunk } from "../core/chunk.ts";
import { isInvalid } from "../codec/open_chunk.ts";
import { DesyncError } from "../core/errors.ts";
import { allOrFirstFailure } from "../core/all_or_first_failure.ts";
import type { Origin } from "../core/origin.ts";
import type { CacheUse } from "../stores/wrappers/cache_use.ts";
import { getFromSeed } from "../stores/wrappers/get_from_seed.ts";
import { openFrom } from "../stores/wrappers/open_from.ts";
import type { ChunkStore, PatchStore, RequestOptions } from "../stores/store.ts";
import type { DamagedChunk, FetchedChunk, WorkerDelivery } from "./worker_delivery.ts";
import type { PlannedChunk } from "./blob_plan.ts";

/** The requests of one delivery. */
export class RemoteFetch {
  readonly #cache: CacheUse;
  readonly #delivery: WorkerDelivery;

  constructor(cache: CacheUse, delivery: WorkerDelivery) {
    this.#cache = cache;
    this.#delivery = delivery;
  }

  /** Takes the chunks from a seed. Returns those that it does not have, or not any more. */
  async fromSeed(
    group: readonly PlannedChunk[],
    seed: ChunkStore,
    options: RequestOptions,
  ): Promise<PlannedChunk[]> {
    const origin = { kind: "seed", location: seed.properties.location } as const;
    const { fetched, missing } = await request(group, origin, (id) => getFromSeed(seed, id, options));
    const damaged = await this.#delivery.write(fetched, options, false);
    return [...missing, ...damaged.map(([chunk]) => chunk)];
  }

  /** Has the chunks made. Returns those that cannot be, or come out wrong. */
  async fromPatch(
    group: readonly PlannedChunk[],
    patch: PatchStore,
    options: RequestOptions,
  ): Promise<PlannedChunk[]> {
    const origin = { kind: "patched", location: patch.properties.location } as const;
    const { fetched, missing } = await request(group, origin, (id) => patch.get(id, options));
    for (const [chunk] of await this.#delivery.write(fetched, options, true)) {
      patch.refuse(chunk.id);
      missing.push(chunk);
    }
    return missing;
  }

  /** Takes the chunks from a cache that is not a directory. Returns those that it does not have, or has damaged. */
  async fromCache(group: readonly PlannedChunk[], options: RequestOptions): Promise<PlannedChunk[]> {
    const { location = "" } = this.#cache.properties ?? {};
    const { fetched, missing, damaged } = await request(
      group,
      { kind: "cache", location },
      (id) => this.#cache.get(id, { ...options, sealed: this.#delivery.takesSealed }),
    );
    damaged.push(...await this.#delivery.write(fetched, options, false));
    for (const [chunk, error] of damaged) {
      await this.#cache.refuse(chunk.id, error, options);
      missing.push(chunk);
    }
    const used = fetched.filter(({ chunk }) => !damaged.some(([other]) => other === chunk));
    await allOrFirstFailure(used.map(({ chunk }) => this.#cache.touch(chunk.id, options)));
    return missing;
  }

  /**
   * Takes the chunks from a store. Those that arrive damaged are requested again. Returns those that the store does not
   * have, or only damaged: why is added to `damage`.
   */
  async fromStore(
    group: readonly PlannedChunk[],
    store: ChunkStore,
    damage: Damage,
    options: RequestOptions,
  ): Promise<PlannedChunk[]> {
    const origin = { kind: "store", location: store.properties.location } as const;
    const { fetched, missing, damaged } = await request(
      group,
      origin,
      (id) => store.get(id, { ...options, sealed: this.#delivery.takesSealed }),
    );
    damaged.push(...await this.#delivery.write(fetched, options, true));
    await allOrFirstFailure(damaged.map(async ([chunk, first]) => {
      const open = async (stored: StoredChunk) => {
        for (const [, error] of await this.#delivery.write([{ chunk, stored, origin }], options, true)) {
          throw error;
        }
        return true;
      };
      const { id } = chunk;
      const delivered = await openFrom(store, id, open, { damage: damage.of(id), first, ...options });
      if (delivered === null) missing.push(chunk);
    }));
    return missing;
  }
}

/** What came of the requests for a group. */
interface Answers {
  readonly fetched: FetchedChunk[];
  readonly missing: PlannedChunk[];
  readonly damaged: DamagedChunk[];
}

/** Requests all chunks of a group at once. */
async function request(
  group: readonly PlannedChunk[],
  origin: Origin,
  get: (id: ChunkId) => Promise<StoredChunk | null>,
): Promise<Answers> {
  const answers = await allOrFirstFailure(
    group.map(({ id }) => get(id).catch((error) => isInvalid(error) ? error : Promise.reject(error))),
  );
  const fetched: FetchedChunk[] = [];
  const missing: PlannedChunk[] = [];
  const damaged: DamagedChunk[] = [];
  for (const [i, chunk] of group.entries()) {
    const stored = answers[i];
    if (stored === null) missing.push(chunk);
    else if (stored instanceof DesyncError) damaged.push([chunk, stored]);
    else fetched.push({ chunk, stored, origin });
  }
  return { fetched, missing, damaged };
}

/** Why copies of the chunks of a group were not used. */
export class Damage {
  readonly #errors = new Map<ChunkId, DesyncError[]>();

  /** Of one chunk, to be added to. */
  of(id: ChunkId): DesyncError[] {
    let errors = this.#errors.get(id);
    if (errors === undefined) this.#errors.set(id, errors = []);
    return errors;
  }
}
