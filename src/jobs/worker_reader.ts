/** Chunks read and verified by workers, for a blob that is read in order: see {@linkcode BlobOptions.bulk}. */
import type { ChunkId } from "../core/chunk.ts";
import type { ExpectedChunk } from "../codec/open_chunk.ts";
import { interrupted } from "../core/errors.ts";
import { TurnoverMap } from "../core/turnover_map.ts";
import type { RequestOptions } from "../stores/store.ts";
import type { BulkReader } from "../blob/blob.ts";
import { Delivery, type DeliveryOptions, REMOTE_GROUP } from "../transfer/deliver.ts";
import { GROUP_BYTES } from "../transfer/groups.ts";
import type { AssemblingWorkers } from "../transfer/ports.ts";

/** While so many are under way, others may wait until they are many. */
const ENOUGH_GROUPS = 2;
/** Enough for the reader not to wait when a worker does. More of them only take memory: 8 MB as a rule. */
const AHEAD = 128;

/** A chunk that a caller waits for. */
interface Wanted {
  readonly chunk: ExpectedChunk & { readonly size: number };
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
}

/** Reads chunks by way of workers. Those that are wanted while all are busy go to the next one together. */
export class WorkerReader implements BulkReader {
  readonly ahead: number;
  /** Chunks that are requested at once, when there are so many. */
  readonly #most: number;
  readonly #delivery: Delivery;
  readonly #waiting: Wanted[] = [];
  readonly #underWay = new TurnoverMap<ChunkId, Wanted[]>();
  #groups = 0;

  /** Reads from the sources of these options. */
  constructor(
    options: Pick<DeliveryOptions, "digest" | "sizes" | "sources" | "progress">,
    workers: AssemblingWorkers,
  ) {
    this.#delivery = new Delivery({
      ...options,
      receive: ({ id }, bytes) => this.#arrived(id, bytes),
    }, workers);
    this.#most = this.#delivery.remoteGroup;
    this.ahead = Math.max(AHEAD, this.#most * this.#delivery.concurrency);
  }

  /** The chunk's verified bytes. Throws as {@linkcode deliver} does: also for another chunk of the same group. */
  read(
    chunk: ExpectedChunk & { readonly size: number },
    { signal }: RequestOptions = {},
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ chunk, resolve, reject, signal });
      // Others may be wanted in the same breath.
      if (this.#waiting.length === 1) queueMicrotask(() => this.#dispatch());
    });
  }

  #arrived(id: ChunkId, bytes: Uint8Array): void {
    const all = this.#underWay.get(id) ?? [];
    this.#underWay.delete(id);
    // Each caller may change its bytes.
    const copies = all.map((_, i) => i === 0 ? bytes : new Uint8Array(bytes));
    for (const [i, wanted] of all.entries()) wanted.resolve(copies[i]);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#groups < this.#delivery.concurrency) {
      const count = this.#countOfGroup();
      // Where one request gets many chunks, one for a few waits until it is needed.
      if (this.#most > REMOTE_GROUP && count === this.#waiting.length && this.#groups >= ENOUGH_GROUPS) {
        return;
      }
      const [{ signal }] = this.#waiting;
      const group = this.#waiting.splice(0, count);
      if (!signal?.aborted) this.#deliver(group, signal);
      else for (const wanted of group) wanted.reject(interrupted());
    }
  }

  /** Those that wait for the same signal, as many as fit. */
  #countOfGroup(): number {
    const [{ signal }] = this.#waiting;
    let bytes = 0;
    for (const [i, wanted] of this.#waiting.entries()) {
      bytes += wanted.chunk.size;
      if (i === this.#most || i > 0 && bytes > GROUP_BYTES || wanted.signal !== signal) return i;
    }
    return this.#waiting.length;
  }

  async #deliver(group: readonly Wanted[], signal: AbortSignal | undefined): Promise<void> {
    this.#groups++;
    for (const wanted of group) {
      const others = this.#underWay.get(wanted.chunk.id);
      if (others === undefined) this.#underWay.set(wanted.chunk.id, [wanted]);
      else others.push(wanted);
    }
    try {
      await this.#delivery.deliverGroup(group.map(({ chunk }) => ({ ...chunk, offsets: [0] })), signal);
    } catch (error) {
      for (const wanted of group) {
        const others = this.#underWay.get(wanted.chunk.id)?.filter((one) => one !== wanted) ?? [];
        if (others.length === 0) this.#underWay.delete(wanted.chunk.id);
        else this.#underWay.set(wanted.chunk.id, others);
        wanted.reject(error);
      }
    }
    this.#groups--;
    this.#dispatch();
  }
}
