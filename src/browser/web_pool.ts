/** Web workers: threads of a browser that decompress, verify, cut and write, so that the page does not wait for it. */
import { wholeBuffer } from "../core/bytes.ts";
import { DesyncError, errorFromWire, interrupted, type WireError } from "../core/errors.ts";
import { onAbort } from "../core/on_abort.ts";
import type { RequestOptions } from "../stores/store.ts";
import { Limiter } from "../stores/wrappers/limiter.ts";
import type {
  AssembleResult,
  AssembleTask,
  CloneResult,
  CloneTask,
  Found,
  InvalidPlace,
} from "../transfer/messages.ts";
import type { PatchingWorkers, PatchResult, PatchTask } from "../transfer/delta_messages.ts";
import type { AssemblingWorkers } from "../transfer/ports.ts";
import type { WebOutput } from "./web_output.ts";
import type {
  FetchChunksTask,
  FetchedChunks,
  OpenedChunks,
  WebMessage,
  WebReply,
  WebTask,
  WrittenPiece,
} from "./tasks.ts";

/** Tasks that a worker has at a time: the one it does, the next, and one that waits for its request. */
const TASKS_PER_WORKER = 3;
/** Requests for many chunks at a time. Browsers make six to a server. */
const MOST_REQUESTS = 4;

interface Pending {
  readonly task: WebTask;
  readonly transfer: ArrayBuffer[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress?: (bytes: number) => void;
  /** Ends what its worker waits for, once it has it. */
  abort?: () => void;
}

/** A worker and its tasks. */
export class Thread {
  readonly tasks: Map<number, Pending> = new Map();
  readonly #worker: Worker;
  #nextNumber = 0;
  #failure: DesyncError | undefined;

  constructor(worker: Worker, onFree: () => void) {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<WebReply>) => {
      const pending = this.tasks.get(data.number);
      if (data.kind === "progress") return pending?.onProgress?.(data.bytes);
      this.tasks.delete(data.number);
      if (data.kind === "done") pending?.resolve(data.result);
      else pending?.reject(errorFromWire(data.error));
      onFree();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const error = new DesyncError("io", {
        action: "start",
        subject: "a web worker",
        reason: "its file was not found, or the page's policy forbids it",
        cause: event.error,
      });
      this.#failure = error;
      for (const pending of this.tasks.values()) pending.reject(error);
      this.tasks.clear();
      onFree();
    };
  }

  /** Whether it never answers again. */
  get isBroken(): boolean {
    return this.#failure !== undefined;
  }

  send(pending: Pending): void {
    if (this.#failure !== undefined) return pending.reject(this.#failure);
    const number = this.#nextNumber++;
    this.tasks.set(number, pending);
    const post = (message: WebMessage, transfer: ArrayBuffer[]) =>
      this.#worker.postMessage(message, transfer);
    pending.abort = () => post({ number, isAborted: true }, []);
    post({ number, task: pending.task }, pending.transfer);
  }

  /** The outcome of a task that this worker alone can do. */
  run(
    task: WebTask,
    transfer: ArrayBuffer[] = [],
    onProgress?: (bytes: number) => void,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => this.send({ task, transfer, resolve, reject, onProgress }));
  }

  end(): void {
    this.#worker.terminate();
    const error = new DesyncError("interrupted", { reason: "The web workers were ended" });
    for (const pending of this.tasks.values()) pending.reject(error);
    this.tasks.clear();
  }
}

/** Threads of a page, started when they are first needed. They have to be ended, or they stay as long as the page. */
export class WebPool implements AssemblingWorkers, PatchingWorkers, Disposable {
  readonly size: number;
  readonly fetchBatches = true;
  readonly #start: () => Worker;
  readonly #threads: Thread[] = [];
  readonly #queue: Pending[] = [];
  readonly #requests = new Limiter({ start: MOST_REQUESTS, max: MOST_REQUESTS });
  readonly #outputs = new Map<string, WebOutput>();
  readonly #files = new Map<string, Blob>();
  #names = 0;

  /** So many at most. Starts none yet. */
  constructor(size: number, start: () => Worker) {
    this.size = size;
    this.#start = start;
  }

  /** Makes a file that workers may be asked to read. Returns its name in tasks. */
  addFile(file: Blob): string {
    const name = `file ${this.#names++}`;
    this.#files.set(name, file);
    return name;
  }

  /** The same for what is written to. */
  addOutput(output: WebOutput): string {
    const name = `output ${this.#names++}`;
    this.#outputs.set(name, output);
    return name;
  }

  /** Forgets either. */
  remove(name: string): void {
    this.#files.delete(name);
    this.#outputs.delete(name);
  }

  /** A worker of its own: to write a file, or to be ended while it works. It has to be ended. */
  startAlone(): Thread {
    return new Thread(this.#start(), () => {});
  }

  async assemble(
    task: Omit<AssembleTask, "kind">,
    { signal }: RequestOptions = {},
  ): Promise<AssembleResult> {
    const { items, target, digest, giveBack = false, batches } = task;
    const found: Found[] = items.map(() => "missing");
    const storedBytes = items.map(() => 0);
    const bytes: (Uint8Array | undefined)[] = items.map(() => undefined);
    const invalidPlaces: InvalidPlace[] = [];
    const output = target === undefined ? undefined : this.#outputs.get(target.path);
    const file = giveBack ? undefined : output?.shared;
    /** Where workers write by themselves. */
    const shared = file === undefined ? undefined : { name: target!.path, file };
    const numbers = items.map((_, i) => i);
    if (output !== undefined && items.some(({ copyFrom }) => task.probeTarget || copyFrom !== undefined)) {
      const probed = await output.probe(
        digest,
        items.map(({ id, size, offsets, copyFrom, isZeros = false }) => ({
          id,
          size,
          offsets,
          copyFrom,
          isZeros,
        })),
      );
      for (const i of numbers) found[i] = probed[i];
    }
    const isLeft = (i: number) => found[i] === "missing";
    /** Takes what workers opened of the items with these numbers; `otherwise` gets what was not right. */
    const take = async (
      of: readonly number[],
      opened: OpenedChunks,
      where: (i: number) => Found,
      otherwise: (i: number, problem: WireError | null) => void,
    ) => {
      const pieces: WrittenPiece[] = [];
      for (const [at, i] of of.entries()) {
        const one = opened[at];
        if (one !== "written" && !(one instanceof Uint8Array)) {
          otherwise(i, one);
          continue;
        }
        found[i] = where(i);
        if (one === "written") continue;
        if (giveBack) bytes[i] = one;
        pieces.push({ bytes: one, offsets: items[i].offsets });
      }
      if (pieces.length > 0) await output?.write(pieces);
    };

    const given = numbers.filter((i) => isLeft(i) && items[i].given !== undefined);
    if (given.length > 0) {
      const chunks = given.map((i) => {
        const { id, size, offsets, given: stored } = items[i];
        storedBytes[i] = stored!.bytes.length;
        return { id, size, offsets, stored: stored! };
      });
      const moved = chunks.flatMap(({ stored }) => wholeBuffer(stored.bytes));
      const opened = await this.#run({ kind: "open", digest, chunks, output: shared }, moved) as OpenedChunks;
      await take(given, opened, () => "given", (i, problem) => {
        found[i] = problem ?? "missing";
        storedBytes[i] = 0;
      });
    }

    const seeds = task.seeds ?? [];
    const most = Math.max(0, ...items.map(({ places = [] }) => places.length));
    for (let turn = 0; turn < most; turn++) {
      const wanted = numbers.filter((i) => isLeft(i) && (items[i].places?.length ?? 0) > turn);
      if (wanted.length === 0) continue;
      const chunks = wanted.map((i) => {
        const { id, size, offsets } = items[i];
        const { seed, offset } = items[i].places![turn];
        return { id, size, offsets, offset, file: this.#files.get(seeds[seed].path)! };
      });
      const read = await this.#run({ kind: "seeds", digest, chunks, output: shared }) as OpenedChunks;
      const where = (i: number) => ({ seed: items[i].places![turn].seed });
      await take(wanted, read, where, (i, problem) => {
        const { id, size, places } = items[i];
        invalidPlaces.push({ ...places![turn], id, size, problem: problem ?? undefined });
      });
      for (const i of wanted) if (!isLeft(i)) storedBytes[i] = items[i].size;
    }

    const left = numbers.filter(isLeft);
    if (batches === undefined || left.length === 0) {
      return { found, storedBytes, bytes, encoded: [], invalidPlaces };
    }
    const chunks = left.map((i) => ({ id: items[i].id, size: items[i].size, offsets: items[i].offsets }));
    const fetch = { kind: "fetch", digest, request: batches, chunks, output: shared } as const;
    const fetched = await this.#fetch(fetch, signal);
    await take(left, fetched.opened, () => "given", () => {});
    for (const [at, i] of left.entries()) if (!isLeft(i)) storedBytes[i] = fetched.storedBytes[at];
    return { found, storedBytes, bytes, encoded: [], invalidPlaces, batchAnswered: fetched.answered };
  }

  async patch({ digest, frame, size, base }: Omit<PatchTask, "kind">): Promise<PatchResult> {
    const old = base.map((chunk) => ({
      ...chunk,
      places: chunk.places.map(({ file, offset }) => ({ offset, file: this.#files.get(file.path)! })),
    }));
    const task = { kind: "patch", digest, frame, size, base: old } as const;
    return await this.#run(task, wholeBuffer(frame)) as PatchResult;
  }

  /** No browser shares blocks between files. */
  clone({ ranges }: Omit<CloneTask, "kind">): Promise<CloneResult> {
    return Promise.resolve({ cloned: ranges.map(() => -1) });
  }

  /** Has all workers close what they write to together. */
  async release(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.run({ kind: "release" })));
  }

  /** Ends the workers, whatever they are doing. */
  [Symbol.dispose](): void {
    for (const thread of this.#threads) thread.end();
    this.#threads.length = 0;
    const error = new DesyncError("interrupted", { reason: "The web workers were ended" });
    for (const pending of this.#queue) pending.reject(error);
    this.#queue.length = 0;
  }

  #run(task: WebTask, transfer: ArrayBuffer[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => this.#enqueue({ task, transfer, resolve, reject }));
  }

  #enqueue(pending: Pending): void {
    this.#queue.push(pending);
    this.#dispatch();
  }

  /** Waits with a request while there are enough: what browsers do not send yet counts as silent. */
  async #fetch(task: FetchChunksTask, signal: AbortSignal | undefined): Promise<FetchedChunks> {
    const outcome = Promise.withResolvers<unknown>();
    outcome.promise.catch(() => {}); // thrown below
    const request = () =>
      new Promise<void>((arrived) => {
        const { resolve, reject } = outcome;
        const pending: Pending = { task, transfer: [], resolve, reject, onProgress: () => arrived() };
        const over = onAbort(signal, () => {
          const at = this.#queue.indexOf(pending);
          if (at < 0) return pending.abort?.();
          this.#queue.splice(at, 1);
          reject(interrupted());
        });
        outcome.promise.catch(() => {}).finally(() => {
          over();
          arrived();
        });
        if (signal?.aborted) reject(interrupted());
        else this.#enqueue(pending);
      });
    await this.#requests.run(request, () => undefined);
    return await outcome.promise as FetchedChunks;
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freest();
      if (thread === undefined) return;
      thread.send(this.#queue.shift()!);
    }
  }

  /** The worker with the least to do, a new one as long as all have something, `undefined` when all have enough. */
  #freest(): Thread | undefined {
    const [best] = this.#threads.toSorted((a, b) => a.tasks.size - b.tasks.size);
    if ((best === undefined || best.tasks.size > 0) && this.#threads.length < this.size) {
      const thread: Thread = new Thread(this.#start(), () => {
        const at = this.#threads.indexOf(thread);
        if (thread.isBroken && at >= 0) this.#threads.splice(at, 1);
        this.#dispatch();
      });
      this.#threads.push(thread);
      return thread;
    }
    return best !== undefined && best.tasks.size < TASKS_PER_WORKER ? best : undefined;
  }
}
