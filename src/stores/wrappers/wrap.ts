/** Wrappers of stores, which can do what the store that they wrap can do. */
import type { ChunkId } from "../../core/chunk.ts";
import type { VerifiedChunk } from "../../codec/open_chunk.ts";
import type { ChunkStore, ManagedChunkStore, RequestOptions, StoreProperties } from "../store.ts";

/** The requests that are wrapped: each is about one chunk and has one answer. */
const REQUESTS: readonly StoreRequest["name"][] = ["get", "has", "storedSize", "put", "touch", "remove"];

/** A request of a store. */
export interface StoreRequest {
  /** The method. */
  readonly name: "get" | "has" | "storedSize" | "put" | "touch" | "remove";
  /** The chunk that it is about. */
  readonly id: ChunkId;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** Makes a request by calling `send`, once or several times, or not at all. */
export type WrapRequest = <T>(send: () => Promise<T>, request: StoreRequest) => Promise<T>;

/**
 * The store with each request about one chunk made by `wrap`. It keeps everything else that the store has: what can be
 * written, listed or removed in `store`, can be in the result. A list passes as it is.
 *
 * Worker threads read and write a store with a `directory` among its properties by themselves, without `wrap`, and may
 * request chunks of one with `batches` or `near`: give `properties` without these where `wrap` has to see every request.
 *
 * @param properties those of the result; default: those of `store`
 *
 * @example A store that counts what is requested
 * ```ts
 * import { MemoryStore, wrapStore } from "@desync/desync";
 *
 * const counts = new Map<string, number>();
 * const store = wrapStore(new MemoryStore(), (send, { name }) => {
 *   counts.set(name, (counts.get(name) ?? 0) + 1);
 *   return send();
 * });
 * await store.has("ab".repeat(32));
 * await store.remove("ab".repeat(32)); // a MemoryStore can remove, so this can
 * if (counts.get("has") !== 1 || counts.get("remove") !== 1) throw new Error("both are counted");
 * ```
 */
export function wrapStore<S extends ChunkStore>(
  store: S,
  wrap: WrapRequest,
  properties: StoreProperties = store.properties,
): S {
  return replaceMembers(store, methodsOf(store, wrap).set("properties", properties));
}

/** The store with members of others in the place of its own. */
export function replaceMembers<S extends ChunkStore>(
  store: S,
  members: ReadonlyMap<string | symbol, unknown>,
): S {
  return new Proxy(store, {
    get(target, name) {
      if (members.has(name)) return members.get(name);
      const value: unknown = Reflect.get(target, name, target);
      // With the store as `this`: it may have private fields.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

type Method = (subject: ChunkId | VerifiedChunk, options?: RequestOptions) => Promise<unknown>;

function methodsOf(store: Partial<ManagedChunkStore>, wrap: WrapRequest): Map<string | symbol, unknown> {
  const methods = new Map<string | symbol, unknown>();
  for (const name of REQUESTS) {
    if (store[name] === undefined) continue;
    const method: Method = (subject, options) => {
      const id = typeof subject === "string" ? subject : subject.id;
      const send = () => (store[name] as Method).call(store, subject, options);
      return wrap(send, { name, id, signal: options?.signal });
    };
    methods.set(name, method);
  }
  return methods;
}
