/** A store whose requests wait until there is room for them. */
import { interrupted } from "../../core/errors.ts";
import { Limiter } from "./limiter.ts";
import type { ChunkStore } from "../store.ts";
import { wrapStore } from "./wrap.ts";

/** The store with no more concurrent requests than `limiter` allows, which may be shared with others. */
export function limitStore<S extends ChunkStore>(store: S, limiter: Limiter): S {
  return wrapStore(store, (send, { signal }) => {
    const request = async () => {
      // It may have waited for long.
      if (signal?.aborted) throw interrupted();
      return await send();
    };
    return limiter.run(request, bytesIn);
  });
}

/**
 * The store with a bound on its concurrent requests, that of its properties; a directory of this machine as it is, which
 * has none. `onLimiter` gets what bounds them.
 */
export function limitRemote<S extends ChunkStore>(store: S, onLimiter?: (limiter: Limiter) => void): S {
  const { directory, concurrency } = store.properties;
  if (directory !== undefined) return store;
  const limiter = new Limiter(concurrency);
  onLimiter?.(limiter);
  return limitStore(store, limiter);
}

/** The bytes that a request has brought, or taken there: what the limiter learns from. */
function bytesIn(answer: unknown): number | undefined {
  if (answer === null) return 0;
  if (typeof answer !== "object") return undefined;
  if ("bytes" in answer && answer.bytes instanceof Uint8Array) return answer.bytes.length;
  return "storedBytes" in answer && typeof answer.storedBytes === "number" ? answer.storedBytes : undefined;
}
