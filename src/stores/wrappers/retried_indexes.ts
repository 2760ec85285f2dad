/** A store of indexes whose failed requests are retried where that may help. */
import { type IndexStore, takesIndexes, type WritableIndexStore } from "../index_store.ts";
import { retrying, type RetryOptions } from "./retry.ts";

/** Retries each read and write as a whole. It takes indexes if the store does. */
export function retriedIndexes(store: IndexStore, retry: RetryOptions): IndexStore | WritableIndexStore {
  const reading: IndexStore = {
    read: (name, options) => retrying(retry, options?.signal, () => store.read(name, options)),
  };
  if (!takesIndexes(store)) return reading;
  return {
    ...reading,
    check: (name, options) => retrying(retry, options?.signal, () => store.check(name, options)),
    write: (name, index, options) =>
      retrying(retry, options?.signal, () => store.write(name, index, options)),
  };
}
