/** Writing to the disk while the work goes on, so that little is left to wait for at its end. */
import { syncFileData } from "./sync.ts";

/** Between two times, or the first would find nothing and short jobs would wait for one. */
const INTERVAL_MS = 200;

/**
 * Has what is written to the file go to the disk all the while, until `over`. Throws what the disk did not take: the system
 * reports it only once.
 */
export async function writeBack(file: Deno.FsFile, over: AbortSignal): Promise<void> {
  for (;;) {
    await pause(over);
    if (over.aborted) return;
    await syncFileData(file);
  }
}

async function pause(over: AbortSignal): Promise<void> {
  if (over.aborted) return;
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      over.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, INTERVAL_MS);
    over.addEventListener("abort", end);
  });
}
