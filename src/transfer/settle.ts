/** The end of what fills a store. */
import type { Workers } from "./ports.ts";

/**
 * Runs `work`. What it stored has its name and is on the disk when this ends, also when it failed or was interrupted, as far
 * as that can be: it is there for the next run.
 */
export async function settling<T>(workers: Workers, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await workers.settle().catch(() => {});
    throw error;
  }
  await workers.settle();
  return result;
}
