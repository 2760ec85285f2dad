/**
 * Whether this thread works by the system's own libraries, which are faster than what Deno and node ship, and loaded
 * sooner. Each is loaded when it is first needed, and stays loaded, which others than the program may have reasons against
 * (Deno's test runner complains).
 */

let prefers = false;
let mayLeaveOpen = false;

/**
 * From now on, this thread uses the libraries where they can be had; what has been used already stays as it is. With
 * `mayLeaveFilesOpen` they also open files, and what is open when the thread is ended stays open: for a program that ends
 * with its work.
 */
export function preferSystemLibraries(mayLeaveFilesOpen: boolean): void {
  prefers = true;
  mayLeaveOpen = mayLeaveFilesOpen;
}

/** Whether {@linkcode preferSystemLibraries} was called. */
export function prefersSystemLibraries(): boolean {
  return prefers;
}

/** Whether the libraries may open files, too. */
export function systemMayOpenFiles(): boolean {
  return mayLeaveOpen;
}
