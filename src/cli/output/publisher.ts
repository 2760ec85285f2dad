/** Whether deltas are published: what makes them is loaded only then. */
import type { ChunkStore } from "../../stores/store.ts";
import type { Locator } from "../locator.ts";
import type { DeltaFlags, PublishDeltas } from "./published_deltas.ts";

/** As `deltaPublisher`; `undefined` where no deltas are wanted. */
export async function openPublisher(
  output: string,
  flags: DeltaFlags,
  store: ChunkStore | undefined,
  locator: Locator,
  signal: AbortSignal,
): Promise<PublishDeltas | undefined> {
  if (flags.deltaFrom === undefined) return undefined;
  const { deltaPublisher } = await import("./published_deltas.ts");
  return await deltaPublisher(output, flags, store, locator, signal);
}
