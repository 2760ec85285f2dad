/** The web workers of a page: what the page does with them. */
import { abortable } from "../core/abortable.ts";
import type { ChunkSizes, DigestName } from "../core/chunk.ts";
import type { Progress } from "../core/progress.ts";
import type { BulkReader } from "../blob/blob.ts";
import type { Index } from "../formats/index/index.ts";
import { IndexBuilder } from "../formats/index/index_builder.ts";
import { WorkerReader } from "../jobs/worker_reader.ts";
import type { ChunkStore } from "../stores/store.ts";
import type { CutFile } from "./tasks.ts";
import { WebPool } from "./web_pool.ts";

/** A page has other things to do, and a phone few fast processors. */
const MOST_WORKERS = 4;

/** What a {@linkcode WebWorkers} may be given. */
export interface WebWorkersOptions {
  /** How many there are at most. Default: one for each processor, up to 4. */
  readonly size?: number;
  /** Starts one: for bundlers that have to be given the worker's file. Default: `worker.js` beside this module. */
  readonly start?: () => Worker;
}

/** The threads themselves, for what is wired here. */
export let poolOf: (workers: WebWorkers) => WebPool;

/**
 * Web workers, started when they are first needed. They have to be ended, or they stay as long as the page.
 *
 * @example Every chunk of a large blob decompressed and verified by other threads than the page's
 * ```ts ignore
 * import { extract, HttpStore, parseIndex, retryStore } from "@desync/desync";
 * import { WebWorkers } from "@desync/desync/browser";
 *
 * const response = await fetch("https://example.com/image.caibx");
 * const index = parseIndex(new Uint8Array(await response.arrayBuffer()));
 * const stores = [retryStore(new HttpStore("https://example.com/store/"))];
 * using workers = new WebWorkers();
 * const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
 * const done = extract(index, { stores }, writable, { bulk: workers.reader(index, { stores }) });
 * const image = await new Response(readable).blob();
 * await done;
 * ```
 */
export class WebWorkers implements Disposable {
  readonly #pool: WebPool;

  static {
    poolOf = (workers) => workers.#pool;
  }

  /** Starts none yet. */
  constructor({ size, start = startWorker }: WebWorkersOptions = {}) {
    this.#pool = new WebPool(
      Math.max(1, size ?? Math.min(MOST_WORKERS, navigator.hardwareConcurrency ?? 2)),
      start,
    );
  }

  /** How many there are at most. */
  get size(): number {
    return this.#pool.size;
  }

  /**
   * Reads chunks of this index out of the stores for `extract` and `ChunkedBlob`, whose `bulk` it is. The page makes
   * the requests; `progress` counts what has arrived.
   *
   * @example A blob that is read in order
   * ```ts ignore
   * const blob = ChunkedBlob.open(index, { stores }, { bulk: workers.reader(index, { stores }) });
   * await blob.stream({ signal }).pipeTo(target);
   * ```
   */
  reader(
    { digest, sizes }: Index,
    { stores }: { readonly stores: readonly ChunkStore[] },
    progress?: Progress,
  ): BulkReader {
    return new WorkerReader({ digest, sizes, sources: { stores }, progress }, this.#pool);
  }

  /**
   * The chunks of a file where casync would cut it. Throws `io` when it cannot be read.
   *
   * @example The index of an older version that the user has
   * ```ts ignore
   * const [file] = input.files;
   * const old = await workers.cut(file, index, { signal, onProgress: (bytes) => bar.value = bytes });
   * ```
   */
  async cut(
    file: Blob,
    { sizes, digest }: { readonly sizes: ChunkSizes; readonly digest: DigestName },
    { signal, onProgress }: {
      readonly signal?: AbortSignal;
      readonly onProgress?: (bytes: number) => void;
    } = {},
  ): Promise<Index> {
    const thread = this.#pool.startAlone();
    try {
      const task = { kind: "cut", file, sizes, digest } as const;
      const cut = await abortable(() => thread.run(task, [], onProgress), signal) as CutFile;
      const builder = new IndexBuilder(sizes, digest);
      builder.add(cut.lengths, cut.ids);
      return builder.build();
    } finally {
      thread.end();
    }
  }

  /** Ends them, whatever they are doing. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}

/** Bundlers that know web workers find the file by this very form. */
function startWorker(): Worker {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
}
