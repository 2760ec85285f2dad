/** Named pipes, whose other end may not be there yet. */
import { abortable } from "../../core/abortable.ts";

/** Between looks for the other end. */
const PAUSE_MS = 50;

/** Whether there is a named pipe. */
export function isPipe(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo ?? false;
  } catch {
    // Not there yet, or it may be used but not looked at: opening it gives the error.
    return false;
  }
}

/** Waits until it is time to look again whether the other end is there. Throws `interrupted`. */
export async function pauseForOtherEnd(signal?: AbortSignal): Promise<void> {
  await abortable(() => new Promise((resolve) => setTimeout(resolve, PAUSE_MS)), signal);
}
