/**
 * The workers, started when first needed, each given a little more than it is doing so that none waits. The first tasks
 * are done here, as long as they are small: to start workers takes longer.
 */
import { wholeBuffer } from "../core/bytes.ts";
import { DesyncError, errorFromWire, errorToWire } from "../core/errors.ts";
import { trustChunk, type VerifiedChunk } from "../codec/open_chunk.ts";
import { bytesToVerify } from "../deno/store/directory_listing.ts";
import type {
  DeltaWorkers,
  FrameResult,
  FrameTask,
  PatchResult,
  PatchTask,
  SketchResult,
  SketchTask,
} from "../transfer/delta_messages.ts";
import { mayCallLibraries } from "../deno/system/permitted.ts";
import type { AssemblingWorkers, Workers } from "../transfer/ports.ts";
import { TurnoverMap } from "../core/turnover_map.ts";
import { Yielder } from "../core/yielder.ts";
import type {
  AssembleResult,
  AssembleTask,
  CloneResult,
  CloneTask,
  FlushTask,
  OpenTask,
  ReleaseTask,
  Reply,
  ScanResult,
  ScanTask,
  StoreResult,
  StoreTask,
  Task,
  VerifyResult,
  VerifyTask,
} from "../transfer/messages.ts";
import type { Performer } from "./perform.ts";
// So that executables have it.
import "./worker.ts";
import {
  hasEarlyWorker,
  isProgram,
  LARGE_BYTES,
  startWorker,
  workersAtMost,
  workersBeside,
} from "./start_worker.ts";

/** Tasks that a worker has at a time: the one it does and the next. */
const TASKS_PER_WORKER = 2;
/** Bytes of blobs and chunks that are worked on before workers are worth their start. */
const SMALL_BYTES = 32 * 1024 * 1024;
/** What is compressed takes so many times as long as what is decompressed, hashed and written. */
const COMPRESSION = 4;

/** Tasks that take their time. */
type Work = Exclude<Task, ReleaseTask | FlushTask>;

interface Pending {
  readonly task: Task;
  readonly transfer: Transferable[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Queued extends Pending {
  readonly task: Work;
}

interface Thread {
  readonly worker: Worker;
  /** Pending tasks by their numbers. */
  readonly tasks: TurnoverMap<number, Pending>;
  /** For one that waits at sessions: which worker that is to these. It gets no other tasks, which would wait as well. */
  readonly sessions?: number;
}

/** What does the work on this thread, loaded when there is some. */
async function loadPerformer(): Promise<Performer> {
  const { Performer } = await import("./perform.ts");
  return new Performer();
}

/** Workers on threads of their own. Has to be closed, or the program does not end. */
export class WorkerPool implements Workers, AssemblingWorkers, DeltaWorkers, Disposable {
  readonly size: number;
  readonly haveCiphers: boolean = true;
  readonly #threads: Thread[] = [];
  readonly #queue: Queued[] = [];
  readonly #smallBytes: number;
  /** Bytes of all tasks so far. */
  #bytes = 0;
  /** Does tasks on this thread. */
  #own: Performer | undefined;
  #isBusyHere = false;
  #hasJustStarted = false;
  #nextNumber = 0;
  #sessionWorkers: number | undefined;

  /**
   * One worker for each processor, but no more than `most` and than the limit of open files allows. None is started for
   * the first `smallBytes` bytes of work, unless some wait for work already.
   */
  constructor(most: number = Infinity, smallBytes: number = SMALL_BYTES) {
    this.#smallBytes = hasEarlyWorker() ? 0 : smallBytes;
    this.size = workersAtMost(most);
  }

  /** The same where all of so many bytes have to be worked on. */
  static forBytes(bytes: number, most?: number): WorkerPool {
    return new WorkerPool(most, bytes >= LARGE_BYTES ? 0 : undefined);
  }

  /**
   * By the program's workers, when they have the work: on this thread nothing may wait, and where a worker is ended before
   * the program, its connections would stay open.
   */
  get fetchesNear(): "now" | "later" | undefined {
    if (!isProgram() || Deno.build.os !== "linux" || !mayCallLibraries()) return undefined;
    return this.#isSmall ? "later" : "now";
  }

  get sessionWorkers(): number {
    return this.#sessionWorkers ??= workersBeside(this.size);
  }

  async assemble(task: Omit<AssembleTask, "kind">): Promise<AssembleResult> {
    const transfer = task.items.flatMap(({ verified, given }) => {
      const bytes = verified ?? given?.bytes;
      return bytes === undefined ? [] : wholeBuffer(bytes);
    });
    const result = await this.#run({ kind: "assemble", ...task }, transfer) as AssembleResult;
    return { ...result, encoded: trusted(result.encoded) };
  }

  async clone(task: Omit<CloneTask, "kind">): Promise<CloneResult> {
    return await this.#run({ kind: "clone", ...task }) as CloneResult;
  }

  async scan(task: Omit<ScanTask, "kind">): Promise<ScanResult> {
    return await this.#run({ kind: "scan", ...task }) as ScanResult;
  }

  async store(task: Omit<StoreTask, "kind">): Promise<StoreResult> {
    const transfer = task.spans.flatMap((span) => span.bytes === undefined ? [] : wholeBuffer(span.bytes));
    const result = await this.#run({ kind: "store", ...task }, transfer) as StoreResult;
    return { ...result, encoded: trusted(result.encoded) };
  }

  async verify(task: Omit<VerifyTask, "kind">): Promise<VerifyResult> {
    return await this.#run({ kind: "verify", ...task }) as VerifyResult;
  }

  async sketch(task: Omit<SketchTask, "kind">): Promise<SketchResult> {
    return await this.#run({ kind: "sketch", ...task }) as SketchResult;
  }

  async frame(task: Omit<FrameTask, "kind">): Promise<FrameResult> {
    return await this.#run({ kind: "frame", ...task }) as FrameResult;
  }

  async patch(task: Omit<PatchTask, "kind">): Promise<PatchResult> {
    return await this.#run({ kind: "patch", ...task }, wholeBuffer(task.frame)) as PatchResult;
  }

  /** Its bytes are moved to the worker. Throws what `openByEitherDigest` throws. */
  async open(task: Omit<OpenTask, "kind">): Promise<VerifiedChunk> {
    const chunk = await this.#run(
      { kind: "open", ...task },
      wholeBuffer(task.stored.bytes),
    ) as VerifiedChunk;
    return trustChunk(chunk.id, chunk.stored);
  }

  async release(): Promise<void> {
    this.#own?.perform({ kind: "release" });
    await this.#all({ kind: "release" });
  }

  async flush(): Promise<void> {
    await Promise.all([this.#own?.flush(), this.#all({ kind: "flush" })]);
  }

  async #all(task: ReleaseTask | FlushTask): Promise<void> {
    await Promise.all(
      this.#threads.map((thread) =>
        new Promise((resolve, reject) => this.#send(thread, { task, transfer: [], resolve, reject }))
      ),
    );
  }

  /** Ends the workers, whatever they are doing. */
  [Symbol.dispose](): void {
    for (const thread of this.#threads) thread.worker.terminate();
    this.#threads.length = 0;
    this.#queue.length = 0;
    this.#own?.perform({ kind: "release" });
  }

  #run(task: Work, transfer: Transferable[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (task.kind === "assemble" && task.near?.kind === "session") {
        return this.#send(this.#atSessions(task.near.worker), { task, transfer, resolve, reject });
      }
      if (this.#isSmall) this.#bytes += bytesOf(task, this.#smallBytes);
      this.#queue.push({ task, transfer, resolve, reject });
      if (this.#isSmall) this.#workHere();
      else this.#dispatch();
    });
  }

  get #isSmall(): boolean {
    return this.#bytes < this.#smallBytes;
  }

  /** Does what is queued on this thread, until it has become too much for that. */
  async #workHere(): Promise<void> {
    if (this.#isBusyHere) return;
    this.#isBusyHere = true;
    const yielder = new Yielder();
    this.#own ??= await loadPerformer();
    for (let next; this.#isSmall && (next = this.#queue.shift());) {
      try {
        next.resolve(this.#own.perform(next.task).result);
      } catch (error) {
        // As from a worker.
        next.reject(errorFromWire(errorToWire(error)));
      }
      if (yielder.isDue) await yielder.yieldNow();
    }
    this.#isBusyHere = false;
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freest();
      if (thread === undefined) return;
      this.#send(thread, this.#queue.shift()!);
    }
  }

  /** The worker with the least to do, a new one as long as all have something, `undefined` when all have enough. */
  #freest(): Thread | undefined {
    let best: Thread | undefined;
    const threads = this.#threads.filter(({ sessions }) => sessions === undefined);
    for (const thread of threads) {
      if (best === undefined || thread.tasks.size < best.tasks.size) best = thread;
    }
    if ((best === undefined || best.tasks.size > 0) && threads.length < this.size && !this.#hasJustStarted) {
      if (!hasEarlyWorker() && threads.length + 1 < this.size) this.#answerBeforeNextStart();
      return this.#start();
    }
    return best !== undefined && best.tasks.size < TASKS_PER_WORKER ? best : undefined;
  }

  /**
   * This thread waits 14 ms for each worker that is started. In between, those that have begun get their next tasks.
   */
  async #answerBeforeNextStart(): Promise<void> {
    this.#hasJustStarted = true;
    await new Yielder().yieldNow();
    this.#hasJustStarted = false;
    this.#dispatch();
  }

  /** The worker with that number among those that wait at sessions. */
  #atSessions(number: number): Thread {
    return this.#threads.find(({ sessions }) => sessions === number) ?? this.#start(number);
  }

  #start(sessions?: number): Thread {
    const thread: Thread = { worker: startWorker(), tasks: new TurnoverMap(), sessions };
    thread.worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(thread, data);
    thread.worker.onerror = (event) => {
      event.preventDefault();
      const error = new DesyncError("io", {
        action: "go on",
        reason: "a worker thread failed",
        hint: event.message,
      });
      for (const pending of thread.tasks.values()) pending.reject(error);
      thread.tasks.clear();
      this.#threads.splice(this.#threads.indexOf(thread), 1);
      this.#dispatch();
    };
    this.#threads.push(thread);
    return thread;
  }

  #send(thread: Thread, pending: Pending): void {
    const number = this.#nextNumber++;
    thread.tasks.set(number, pending);
    thread.worker.postMessage({ number, task: pending.task }, pending.transfer);
  }

  #receive(thread: Thread, reply: Reply): void {
    const pending = thread.tasks.get(reply.number);
    thread.tasks.delete(reply.number);
    if (reply.kind === "done") pending?.resolve(reply.result);
    else pending?.reject(errorFromWire(reply.error));
    this.#dispatch();
  }
}

/** Chunks that a worker verified. */
function trusted(chunks: readonly VerifiedChunk[]): VerifiedChunk[] {
  return chunks.map(({ id, stored }) => trustChunk(id, stored));
}

/** Roughly the bytes that are read, hashed or written for the task, or as much work; more than `most` may be any number above it. */
function bytesOf(task: Work, most: number): number {
  switch (task.kind) {
    case "assemble":
      return sum(task.items, ({ size, offsets }) => size * Math.max(1, offsets.length));
    case "clone":
      return sum(task.ranges, ({ length }) => length);
    case "scan":
      return task.end - task.start;
    case "store":
      return COMPRESSION * sum(task.spans, ({ size }) => size);
    case "open":
      return task.stored.bytes.length;
    case "sketch":
    case "frame":
      return COMPRESSION * sum(task.chunks, ({ size }) => size);
    case "patch":
      return task.size;
    case "verify":
      return sum(task.prefixes, (prefix) => bytesToVerify(task.directory, prefix, most));
  }
}

function sum<T>(items: readonly T[], sizeOf: (item: T) => number): number {
  return items.reduce((total, item) => total + sizeOf(item), 0);
}
