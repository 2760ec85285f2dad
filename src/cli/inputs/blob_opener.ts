/** The blobs of indexes, whose large parts are read by threads. */
import { nativeCodec } from "../../deno/codec/native_codec.ts";
import type { Index } from "../../formats/index/index.ts";
import type { BulkReader, ChunkedBlob } from "../../blob/blob.ts";
import type { Sources } from "../../stores/store.ts";
import type { WorkerPool } from "../../workers/pool.ts";

/** Opens blobs, which share their threads. */
export class BlobOpener implements Disposable {
  readonly #threads: number | undefined;
  #pool: WorkerPool | undefined;

  constructor(threads: number | undefined) {
    this.#threads = threads;
  }

  /** The blob, out of its sources; `keepBytes` of chunks are kept for reads at many places. */
  async open(index: Index, sources: Sources, keepBytes?: number): Promise<ChunkedBlob> {
    const { digest, sizes } = index;
    // Loaded for the commands that need them alone: the libraries below take 20 ms.
    const { BULK_BYTES, ChunkedBlob } = await import("../../blob/blob.ts");
    let bulk: BulkReader | undefined;
    if (index.size >= BULK_BYTES) {
      // Small ones should not wait for the modules.
      const [workers, { WorkerReader }] = await Promise.all([
        this.workers(),
        import("../../jobs/worker_reader.ts"),
      ]);
      bulk = new WorkerReader({ digest, sizes, sources }, workers);
    }
    return ChunkedBlob.open(index, sources, { codec: nativeCodec, keepBytes, bulk });
  }

  /** The threads, for other work as well. */
  async workers(): Promise<WorkerPool> {
    const { WorkerPool } = await import("../../workers/pool.ts");
    return this.#pool ??= new WorkerPool(this.#threads);
  }

  [Symbol.dispose](): void {
    this.#pool?.[Symbol.dispose]();
  }
}
