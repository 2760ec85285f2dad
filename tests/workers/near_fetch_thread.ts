/** Fetches what it is told: its calls wait, so that it needs a thread of its own beside the server's. */
import { NearFetch } from "../../src/workers/near_fetch.ts";
import type { ChunkId } from "../../src/core/chunk.ts";
import type { NearRequests } from "../../src/transfer/messages.ts";

/** What is to be fetched, in one task after the other. */
export interface NearFetchTasks {
  readonly requests: NearRequests;
  readonly tasks: readonly (readonly { readonly id: ChunkId; readonly size: number }[])[];
}

/** What came of each task. */
export interface NearFetched {
  readonly bodies: (Uint8Array | null)[];
  readonly failed: boolean;
}

declare const self: {
  onmessage: ((event: MessageEvent<NearFetchTasks>) => void) | null;
  postMessage(fetched: NearFetched[]): void;
};

self.onmessage = ({ data: { requests, tasks } }) => {
  const fetch = new NearFetch();
  const fetched = tasks.map((wanted) => {
    fetch.begin(requests, wanted);
    const bodies = wanted.map((one) => fetch.take(one)?.bytes.slice() ?? null);
    return { bodies, failed: fetch.failed };
  });
  fetch.release();
  self.postMessage(fetched);
};
