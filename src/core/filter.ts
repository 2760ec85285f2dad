/** The items that pass, one after the other: `Iterator.prototype.filter`, which Node 20 lacks. */
export function* filter<T>(items: Iterable<T>, passes: (item: T) => boolean): Generator<T, void> {
  for (const item of items) if (passes(item)) yield item;
}
