/**
 * Chunks out of stores whose bytes may be damaged: everything that reads them decides here what becomes of such a chunk.
 *
 * From a store on another machine it may have been damaged on the way: it is requested again, then the next store is
 * asked. In a group of stores the other members are asked before. In a directory of this machine it is an error: with
 * another store in its place it would go unnoticed.
 */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { invalidChunk, isInvalid } from "../../codec/open_chunk.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { NO_RETRY, retrying } from "./retry.ts";
import type { ChunkStore, Sources, StoreProperties } from "../store.ts";

/** What to do about an invalid chunk in a directory of this machine, for the end of a message. */
export const INVALID_IN_STORE = "`desync verify -r` removes invalid chunks from a store on its own machine";
/** What may have happened to one from elsewhere. */
const FROM_ELSEWHERE = "it was damaged on the way, or is in that store";

/** How a chunk is asked for. */
interface OpenOptions {
  /** Gets the error for a chunk that stays damaged: the next store may be asked. */
  readonly damage: DesyncError[];
  /** Why the first copy, which the caller has fetched already, was not used. */
  readonly first?: DesyncError;
  readonly signal?: AbortSignal;
}

/**
 * What `open` makes of the store's chunk; `null` when the store does not have it, or only a damaged one. `open` is called
 * for each copy that arrives, and throws as `openChunk` does.
 */
export async function openFrom<T>(
  store: ChunkStore,
  id: ChunkId,
  open: (stored: StoredChunk) => T | Promise<T>,
  { damage, first, signal }: OpenOptions,
): Promise<T | null> {
  let failure = first;
  const { retry, directory, members } = store.properties;
  const attempt = async () => {
    try {
      if (failure !== undefined) throw failure;
      const stored = await store.get(id, { signal });
      return stored === null ? null : await open(stored);
    } catch (error) {
      failure = undefined;
      throw isInvalid(error) ? invalidIn(store, id, error) : error;
    }
  };
  try {
    return await retrying(retry ?? NO_RETRY, signal, attempt);
  } catch (error) {
    if (directory !== undefined || !isDamaged(error)) throw error;
    if (members !== undefined) return await openFromMembers(members, id, open, { damage, signal });
    damage.push(error);
    return null;
  }
}

/** The same from a group whose active member delivered a damaged chunk: each member is asked, in a directory too. */
async function openFromMembers<T>(
  members: readonly ChunkStore[],
  id: ChunkId,
  open: (stored: StoredChunk) => T | Promise<T>,
  options: OpenOptions,
): Promise<T | null> {
  for (const member of members) {
    try {
      const opened = await openFrom(member, id, open, options);
      if (opened !== null) return opened;
    } catch (error) {
      if (isDamaged(error)) options.damage.push(error);
      // What cannot be reached is left to the others: that the chunk is damaged is reported.
      else if (isFatal(error)) throw error;
    }
  }
  return null;
}

function isDamaged(error: unknown): error is DesyncError {
  return isInvalid(error) && error.code === "invalid-chunk";
}

/** Whether the error is not that of a store that fails. */
function isFatal(error: unknown): boolean {
  return !(error instanceof DesyncError) || error.code === "interrupted" || isInvalid(error);
}

/** The error for a chunk of the store that `openChunk` refused. */
function invalidIn(store: ChunkStore, id: ChunkId, error: DesyncError): DesyncError {
  const { location, directory } = store.properties;
  if (directory !== undefined) return invalidChunk(id, location, error, INVALID_IN_STORE);
  return invalidChunk(id, location, error, FROM_ELSEWHERE, location, true);
}

/** The error for a chunk that none of the sources gave, or only damaged. */
export function undelivered(id: ChunkId, sources: Sources, damage: readonly DesyncError[]): DesyncError {
  // One says all in its fields; several have only their sentences.
  if (damage.length === 1) return damage[0].with({ retriable: false });
  if (damage.length > 0) {
    const reason = damage.map(messageOf).join("; ");
    return new DesyncError("invalid-chunk", { reason, cause: damage[0] });
  }
  const asked = [...(sources.cache === undefined ? [] : [sources.cache]), ...sources.stores];
  const where = asked.length === 0
    ? "no store was given"
    : `searched: ${asked.map(({ properties }) => withKey(properties)).join(", ")}${
      wrongAddresses(sources.stores)
    }`;
  const store = asked.length === 1 ? asked[0].properties.location : undefined;
  return new DesyncError("missing-chunk", {
    subject: `Chunk ${id}`,
    reason: "not found",
    hint: where,
    chunk: id,
    store,
  });
}

/** The store, and the key whose chunks alone it has: another would have others. */
function withKey({ location, encryption }: StoreProperties): string {
  return encryption === undefined ? location : `${location} with the key ${encryption.suffix.slice(1)}`;
}

/** Names the stores that had no chunk so far, if any: other requests may still be in flight. */
function wrongAddresses(stores: readonly ChunkStore[]): string {
  const empty = stores.filter(({ properties }) => properties.found === false)
    .map(({ properties }) => properties.location);
  if (empty.length === 0) return "";
  const where = stores.length === 1 ? "there so far: is its" : `in ${empty.join(", ")} so far: is the`;
  return `; nothing was found ${where} address right?`;
}
