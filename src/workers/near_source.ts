/** Where a worker gets chunks by requests of its own: over connections of one kind or another. */
import type { ChunkId, StoredChunk } from "../core/chunk.ts";
import type { NearFailure } from "../stores/store.ts";
import type { NearRequests } from "../transfer/messages.ts";
import { NearFetch } from "./near_fetch.ts";
import { SessionFetch } from "./session_fetch.ts";

/** A chunk that is requested: `size` is that of its bytes, uncompressed. */
export interface Wanted {
  readonly id: ChunkId;
  readonly size: number;
}

/** The requests of one task, for whose chunks {@linkcode take} is called in their order. */
export interface NearSource {
  /**
   * The next chunk as the store has it, valid until the next call; `"absent"` when it does not have it, `null` when it was
   * not asked, or did not say. Nothing is verified.
   */
  take(wanted: Wanted): StoredChunk | "absent" | null;
  /** Whether the next chunk has begun to come, or will not: else it is waited for, and there is time to do something else. */
  readonly isHere: boolean;
  /** Why there are no more requests in this task, if there are none. */
  readonly failure: NearFailure | undefined;
}

/** One for each thread: keeps connections open from task to task. */
export class NearSources {
  readonly #http = new NearFetch();
  readonly #sessions = new SessionFetch();

  /** Begins to request the chunks. */
  begin(requests: NearRequests, wanted: readonly Wanted[]): NearSource {
    if (requests.kind === "session") return this.#sessions.begin(requests);
    this.#http.begin(requests, wanted);
    return this.#http;
  }

  /** Closes the connections that are this thread's. */
  release(): void {
    this.#http.release();
    this.#sessions.release();
  }
}
