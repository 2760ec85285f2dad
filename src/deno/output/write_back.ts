/** Writing to the disk while the work goes on, so that little is left to wait for at its end. */
import { onAbort } from "../../core/on_abort.ts";
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
  await new Promise<void>((resolve) => {
    const end = () => {
      forgetTime();
      forgetEnd();
      resolve();
    };
    let forgetEnd = () => {};
    // Not setTimeout, which takes 4 ms to load.
    const forgetTime = onAbort(AbortSignal.timeout(INTERVAL_MS), end);
    forgetEnd = onAbort(over, end);
  });
}
