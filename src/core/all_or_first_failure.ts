/** Waiting for several promises. */

/** Like Promise.all, but waits for all of them even when one has failed: nothing goes on behind the caller's back. */
export async function allOrFirstFailure<T extends readonly Promise<unknown>[]>(
  promises: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const failures: unknown[] = [];
  const caught = promises.map((promise) => promise.catch((error) => void failures.push(error)));
  await Promise.all(caught);
  if (failures.length > 0) throw failures[0];
  return await Promise.all(promises);
}
