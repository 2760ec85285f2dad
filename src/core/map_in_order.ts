/** Work on the items of a sequence, several at a time, whose results come in the order of the items. */
import { abortable } from "./abortable.ts";

/**
 * Gives what `work` makes of each item. Up to `most` items are worked on, or wait with their results, at a time. Throws the
 * first failure in the order of the items, and `interrupted`, when all that was begun has ended.
 */
export async function* mapInOrder<T, R>(
  items: Iterable<T>,
  most: number,
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const ahead: Promise<R>[] = [];
  const next = async () => {
    const result = await abortable(() => ahead[0], signal);
    ahead.shift();
    return result;
  };
  try {
    for (const item of items) {
      const begun = work(item);
      // When an earlier one fails, the failure of this one is not looked at.
      begun.catch(() => {});
      ahead.push(begun);
      if (ahead.length >= most) yield await next();
    }
    while (ahead.length > 0) yield await next();
  } finally {
    await Promise.allSettled(ahead);
  }
}
