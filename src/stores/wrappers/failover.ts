/** Stores that hold the same chunks, of which one stands in for another that fails. */
import type { ChunkId, StoredChunk } from "../../core/chunk.ts";
import { isInvalid } from "../../codec/open_chunk.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import type { ChunkStore, GetOptions, HasOptions, RequestOptions, StoreProperties } from "../store.ts";
import type { LimiterOptions } from "./limiter.ts";

/** A member that failed, and the one that answered instead. */
export interface Failover {
  /** Why the member failed. */
  readonly error: DesyncError;
  /** Location of the member that failed, as messages show it. */
  readonly failed: string;
  /** Location of the one that answered. */
  readonly active: string;
}

/** Options of {@linkcode FailoverGroup}. */
export interface FailoverOptions {
  /** Called when another member has become active, and answered. */
  readonly onFailover?: (failover: Failover) => void;
}

/**
 * A group of stores with the same chunks. One member at a time is active and gets all requests. When it fails, the next
 * one becomes active, after the last the first; a chunk that it does not have is not a failure. A request fails when every
 * member has failed. Members retry by themselves, before they count as failed.
 *
 * @example A mirror for when the first server is down
 * ```ts
 * import { FailoverGroup, MemoryStore } from "@desync/desync";
 * import { LocalStore } from "@desync/desync/deno";
 *
 * await using group = new FailoverGroup([new LocalStore("testdata/casync-zstd.castr"), new MemoryStore("mirror")]);
 * if (group.properties.location !== "testdata/casync-zstd.castr|mirror") throw new Error("it names both");
 * ```
 */
export class FailoverGroup implements ChunkStore {
  readonly properties: StoreProperties;
  readonly #members: readonly ChunkStore[];
  readonly #onFailover: (failover: Failover) => void;
  #active = 0;
  /** Members that failed while they were active, until another one has answered. */
  readonly #failed: Omit<Failover, "active">[] = [];

  /** The first of `members` is active at first. Throws `usage` without any. */
  constructor(members: readonly ChunkStore[], { onFailover = () => {} }: FailoverOptions = {}) {
    if (members.length === 0) {
      throw new DesyncError("usage", { action: "open", subject: "a group of stores", reason: "it is empty" });
    }
    this.#members = members;
    this.#onFailover = onFailover;
    this.properties = propertiesOf(members);
  }

  get(id: ChunkId, options?: GetOptions): Promise<StoredChunk | null> {
    return this.#request(id, (member) => member.get(id, options));
  }

  has(id: ChunkId, options?: HasOptions): Promise<boolean> {
    return this.#request(id, (member) => member.has(id, options));
  }

  storedSize(id: ChunkId, options?: RequestOptions): Promise<number | undefined | null> {
    return this.#request(id, async (member) => {
      if (member.storedSize !== undefined) return await member.storedSize(id, options);
      return await member.has(id, options) ? undefined : null;
    });
  }

  /** Closes all members. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member[Symbol.asyncDispose]()));
  }

  async #request<T>(chunk: ChunkId, send: (member: ChunkStore) => Promise<T>): Promise<T> {
    const failures = new Map<number, DesyncError>();
    while (true) {
      const asked = this.#next(failures);
      if (asked === undefined) throw this.#allFailed(chunk, failures);
      try {
        const answer = await send(this.#members[asked]);
        this.#report(asked);
        return answer;
      } catch (error) {
        // A damaged chunk says nothing about the others: the caller gets it from another member.
        if (!(error instanceof DesyncError) || error.code === "interrupted" || isInvalid(error)) throw error;
        failures.set(asked, error);
        this.#switchFrom(asked, error);
      }
    }
  }

  /** The active member, or the next one that has not failed this request; `undefined` when all have. */
  #next(failures: ReadonlyMap<number, DesyncError>): number | undefined {
    const order = this.#members.map((_, i) => (this.#active + i) % this.#members.length);
    return order.find((member) => !failures.has(member));
  }

  /** Of many requests that fail at a time, the first makes the next member active: the others find it active. */
  #switchFrom(member: number, error: DesyncError): void {
    if (member !== this.#active || this.#members.length === 1) return;
    this.#active = (member + 1) % this.#members.length;
    this.#failed.push({ error, failed: this.#members[member].properties.location });
  }

  #report(answering: number): void {
    if (this.#failed.length === 0) return;
    const active = this.#members[answering].properties.location;
    for (const failover of this.#failed.splice(0)) {
      if (failover.failed !== active) this.#onFailover({ ...failover, active });
    }
  }

  #allFailed(chunk: ChunkId, failures: ReadonlyMap<number, DesyncError>): DesyncError {
    const reasons = [...failures].sort(([a], [b]) => a - b)
      .map(([member, error]) => `${this.#members[member].properties.location}: ${whyOf(error)}`);
    // The error has it all: nothing is left to be reported.
    this.#failed.length = 0;
    const codes = new Set([...failures.values()].map(({ code }) => code));
    const [cause] = failures.values();
    return new DesyncError(codes.size === 1 ? cause.code : "store", {
      action: "read",
      subject: `chunk ${chunk}`,
      reason: `all stores of the group failed: ${reasons.join("; ")}`,
      cause,
      chunk,
      store: this.properties.location,
    });
  }
}

/** Why a member failed, without what the message about all of them says already. */
function whyOf(error: DesyncError): string {
  const { reason, hint } = error;
  if (reason === undefined) return messageOf(error);
  return hint === undefined ? reason : `${reason} (${hint})`;
}

function propertiesOf(members: readonly ChunkStore[]): StoreProperties {
  const all = members.map(({ properties }) => properties);
  return {
    location: all.map(({ location }) => location).join("|"),
    probe: all.every(({ probe }) => probe === "cheap") ? "cheap" : "by-get",
    concurrency: leastOf(all.flatMap(({ concurrency }) => concurrency ?? [])),
    members,
    get found() {
      return all.every(({ found }) => found === false) ? false : undefined;
    },
  };
}

/** What suits every member. */
function leastOf(limits: readonly LimiterOptions[]): LimiterOptions | undefined {
  if (limits.length === 0) return undefined;
  const least = (values: readonly number[]) => Math.min(...values);
  return { start: least(limits.map(({ start }) => start)), max: least(limits.map(({ max }) => max)) };
}
