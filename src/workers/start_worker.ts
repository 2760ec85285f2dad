/**
 * How many workers there are at most, and how one is started. A program that knows what is coming starts the first one
 * early, while the rest of its code is still loaded; the next pool takes it.
 */
import { affordable } from "../deno/files/open_files.ts";
import { PROGRAM_WORKER_NAME, WORKER_NAME } from "./worker_name.ts";

/** Bytes of work from which on all of it is worth workers. */
export const LARGE_BYTES = 40 * 1024 * 1024;

/** So many times as many threads as there will be must be affordable, or none is started early. */
const PLENTY = 4;

let name: string = WORKER_NAME;
/**
 * Deno reads every file that an import names before the program begins, and all that those import. So none names this one
 * here; pool.ts does, which puts it into executables.
 */
let url = new URL("./worker.ts", import.meta.url).href;

/** Names the file that has the worker's module, where that is another than among the sources. */
export function workersAreIn(file: string): void {
  url = file;
}

/** The worker that was started before a pool needs it. */
let early: Worker | undefined;

/** One for each processor, but no more than `most` and than the limit of open files allows. Throws `io` where that is too low. */
export function workersAtMost(most: number): number {
  return Math.max(1, Math.min(most, navigator.hardwareConcurrency, affordable().threads));
}

/** How many more than those may be started for what waits: up to as many again. */
export function workersBeside(count: number): number {
  return Math.max(0, Math.min(count, affordable().threads - count));
}

/** From now on, workers may leave files open when they are ended: for a program that ends with its work. */
export function workersMayLeaveFilesOpen(): void {
  name = PROGRAM_WORKER_NAME;
}

/** Whether {@linkcode workersMayLeaveFilesOpen} was called. */
export function isProgram(): boolean {
  return name === PROGRAM_WORKER_NAME;
}

/**
 * Starts a first worker, if so many bytes of work are worth it. This thread waits 14 ms for each one, and has the rest of
 * the program to load: the others are started when the first has something to do. What is wrong shows when they are.
 */
export function startWorkerEarly(bytes: number): void {
  if (bytes < LARGE_BYTES) return;
  try {
    // It would be counted as used, where every open file counts.
    if (affordable().threads < PLENTY * navigator.hardwareConcurrency) return;
    const worker = newWorker();
    worker.onerror = (event) => {
      event.preventDefault();
      early = undefined;
    };
    early = worker;
  } catch {
    // The pool meets it again, and reports it.
  }
}

/** Whether a worker waits for something to do. */
export function hasEarlyWorker(): boolean {
  return early !== undefined;
}

/** The one that was started early, or a new one. */
export function startWorker(): Worker {
  const worker = early ?? newWorker();
  early = undefined;
  return worker;
}

function newWorker(): Worker {
  return new Worker(url, { type: "module", name });
}
