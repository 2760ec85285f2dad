/** A store that lacks what writing takes. */
import type { ChunkStore } from "../../../src/stores/store.ts";

/** It has no chunks, and takes none. */
export const readOnlyStore: ChunkStore = {
  properties: { location: "read-only", probe: "cheap" },
  get: () => Promise.resolve(null),
  has: () => Promise.resolve(false),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
