/** The end of each job that fills a store. */
import type { Workers } from "./ports.ts";

/**
 * Runs `work`, then flushes the workers, also when `work` failed or was interrupted: as far as that is possible, what was
 * stored has its name and is on the disk, for the next run.
 */
export async function withFlush<T>(workers: Workers, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await workers.flush().catch(() => {});
    throw error;
  }
  await workers.flush();
  return result;
}
