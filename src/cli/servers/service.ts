/** What a server serves, as data that any thread can open for itself. */
import { messageOf } from "../../core/errors.ts";
import type { Handler } from "../../servers/handler.ts";
import type { Metrics } from "../../servers/metrics.ts";
import { atMostOncePerSecond } from "../../servers/problems.ts";
import type { Flags as ChunkFlags } from "../commands/chunk_server.ts";
import type { Flags as IndexFlags } from "../commands/index_server.ts";
import { warn } from "../output/output.ts";
import { openChunkService } from "./chunk_service.ts";
import { openIndexService } from "./index_service.ts";

/** Stores that are open, and what answers from them. */
export interface Service extends AsyncDisposable {
  readonly handler: Handler;
  /** What is served, for messages. */
  readonly name: string;
}

/** A server by its command, with the values of its options. */
export type Served =
  | { readonly kind: "chunks"; readonly flags: ChunkFlags }
  | { readonly kind: "indexes"; readonly flags: IndexFlags };

/** Opens what the options name, as it is now. Throws what opening it throws, and `usage`. */
export async function openService(served: Served, metrics: Metrics, signal: AbortSignal): Promise<Service> {
  const onProblem = atMostOncePerSecond((problem) => warn(messageOf(problem)));
  return served.kind === "chunks"
    ? await openChunkService(served.flags, { counts: metrics.chunks, onProblem, signal })
    : await openIndexService(served.flags, { onProblem });
}

/** What one of so many threads serves: all together use as much as one would. */
export function shareOf(served: Served, threads: number): Served {
  const { concurrency } = served.flags;
  const share = { concurrency: concurrency && Math.max(1, Math.floor(concurrency / threads)) };
  if (served.kind === "indexes") return { ...served, flags: { ...served.flags, ...share } };
  const memory = Math.floor(served.flags.memory / threads);
  return { ...served, flags: { ...served.flags, ...share, memory } };
}
