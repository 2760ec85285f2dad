/**
 * How many workers there are at most, and how one is started. A program that knows what is coming starts them early, while
 * the rest of its code is still loaded; the next pool takes those first.
 */
import { affordable } from "../deno/files/open_files.ts";
import { PROGRAM_WORKER_NAME, WORKER_NAME } from "./worker_name.ts";

/** Bytes of work from which on all of it is worth workers. */
export const LARGE_BYTES = 40 * 1024 * 1024;

/** Each worker that is started early should have so much to do. */
const BYTES_PER_WORKER = 16 * 1024 * 1024;

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

/** Workers that were started before a pool needs them. */
const early: Worker[] = [];

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

/** Starts all that will be needed for so many bytes of work, if that is much. What is wrong shows when they are. */
export function startWorkersEarly(bytes: number, most: number = Infinity): void {
  if (bytes < LARGE_BYTES) return;
  try {
    const count = Math.min(workersAtMost(most), Math.ceil(bytes / BYTES_PER_WORKER));
    // They would be counted as used, where every open file counts.
    if (affordable().threads < PLENTY * count) return;
    for (let left = count; left > 0; left--) {
      const worker = newWorker();
      worker.onerror = (event) => {
        event.preventDefault();
        const at = early.indexOf(worker);
        if (at >= 0) early.splice(at, 1);
      };
      early.push(worker);
    }
  } catch {
    // The pool meets it again, and reports it.
  }
}

/** Whether workers wait for something to do. */
export function hasEarlyWorkers(): boolean {
  return early.length > 0;
}

/** One that was started early, or a new one. */
export function startWorker(): Worker {
  return early.shift() ?? newWorker();
}

function newWorker(): Worker {
  return new Worker(url, { type: "module", name });
}
