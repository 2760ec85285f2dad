/** Where a command writes the index that it made. */
import { type Index, serializeIndex } from "../../formats/index/index.ts";
import type { WritableIndexStore } from "../../stores/index_store.ts";
import { untilClosed, writeResult } from "./piece_output.ts";

/** Takes one index. */
export interface IndexTarget {
  /** Throws what is known to be in the way, before any work. */
  check(signal: AbortSignal): Promise<void>;
  /** Writes the index, atomically in files and stores. Throws `OutputClosed` when the reader is gone. */
  write(index: Index, signal: AbortSignal): Promise<void>;
}

/** An index that is written to standard output. */
export const standardOutput: IndexTarget = {
  check: () => Promise.resolve(),
  write: (index, signal) => writeResult("-", serializeIndex(index), signal),
};

/** One that gets a name in a store of indexes. */
export function registryTarget(
  { store, name }: { readonly store: WritableIndexStore; readonly name: string },
): IndexTarget {
  return {
    check: (signal) => store.check(name, { signal }),
    write: (index, signal) => untilClosed(() => store.write(name, index, { signal })),
  };
}
