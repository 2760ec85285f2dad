/**
 * The least that a job takes with the same calls of the same libraries, and the same digests: a worker for each processor reads, decompresses,
 * hashes, compresses and writes chunks whose places are known. It plans nothing, sends no messages, waits for no disk, and
 * checks nothing but digests.
 *
 *     deno run -A bench/limit.ts extract|verify|chop|make|index|verify-index INDEX STORE FILE
 */

/** What it can do. `make` also searches where to cut, `index` is that without a store. */
export type LimitJob = "extract" | "verify" | "chop" | "make" | "index" | "verify-index";

/** What a worker gets: all of its work. */
export interface LimitTask {
  readonly job: LimitJob;
  /** Of the file, made before. */
  readonly index: string;
  readonly store: string;
  readonly file: string;
  /** The first chunk that no worker has taken, in memory that they share. */
  readonly next: Int32Array;
}

if (import.meta.main) {
  const [job, index, store, file] = Deno.args as [LimitJob, string, string, string];
  if (job === "extract") Deno.writeFileSync(file, new Uint8Array(0));
  const task: LimitTask = { job, index, store, file, next: new Int32Array(new SharedArrayBuffer(4)) };
  const workers = Array.from({ length: navigator.hardwareConcurrency }, () => {
    const worker = new Worker(import.meta.resolve("./limit_worker.ts"), { type: "module" });
    return new Promise<void>((resolve) => {
      worker.onmessage = ({ data }) => data === "ready" ? worker.postMessage(task) : resolve();
    });
  });
  await Promise.all(workers);
  Deno.exit(0);
}
