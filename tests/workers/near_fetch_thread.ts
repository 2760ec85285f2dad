/** Fetches what it is told: its calls wait, so that it needs a thread of its own beside the server's. */
import { NearFetch } from "../../src/workers/near_fetch.ts";
import type { ChunkId } from "../../src/core/chunk.ts";
import type { NearFailure } from "../../src/stores/store.ts";
import type { NearRequests } from "../../src/transfer/messages.ts";

/** Those to a web server. */
export type HttpRequests = Extract<NearRequests, { readonly kind: "http" }>;

/** What is to be fetched, in one task after the other. */
export interface NearFetchTasks {
  readonly requests: HttpRequests;
  readonly tasks: readonly (readonly { readonly id: ChunkId; readonly size: number }[])[];
}

/** What came of each task. */
export interface NearFetched {
  /** Of each chunk its bytes, `"absent"` where the server has none, `null` where that is not known. */
  readonly bodies: (Uint8Array | "absent" | null)[];
  readonly failure?: NearFailure;
}

declare const self: {
  onmessage: ((event: MessageEvent<NearFetchTasks>) => void) | null;
  postMessage(fetched: NearFetched[]): void;
};

self.onmessage = ({ data: { requests, tasks } }) => {
  const fetch = new NearFetch();
  const fetched = tasks.map((wanted) => {
    fetch.begin(requests, wanted);
    const bodies = wanted.map((one) => {
      const taken = fetch.take(one);
      return taken === null || taken === "absent" ? taken : taken.bytes.slice();
    });
    return { bodies, failure: fetch.failure };
  });
  fetch.release();
  self.postMessage(fetched);
};
