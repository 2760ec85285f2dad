/** `desync cache -s STORE -c FOLDER INDEX…` */
import { ZeroChunk } from "../../codec/zero_chunk.ts";
import { nativeCodec } from "../../deno/native_codec.ts";
import { cacheChunks } from "../../jobs/cache.ts";
import { Progress } from "../../jobs/progress.ts";
import { WorkerPool } from "../../workers/pool.ts";
import type { Args, Flags } from "../commands/cache.ts";
import { DONE } from "../exit_status.ts";
import { sayingChunksAreKept } from "../interruption.ts";
import { readIgnored } from "../chunk_ids.ts";
import { missingOption } from "../missing_option.ts";
import { Locator } from "../open.ts";
import { showProgress } from "../progress.ts";
import { expandWildcards } from "../expand_wildcards.ts";

/** Copies the chunks. */
export async function run({ indexes: locations }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await using locator = new Locator(flags);
  const indexes = [];
  for (const location of expandWildcards(locations)) indexes.push(await locator.index(location, signal));
  const ignore = await readIgnored(locator, flags, signal);
  const stores = await locator.stores(Math.max(...indexes.map((index) => index.sizes.max)));
  if (stores.length === 0) throw missingOption("-s, --store", "name at least one store to take chunks from");
  using target = await locator.storeToFill(flags.targetCache, flags);
  if (target === undefined) throw missingOption("-c, --cache", "name the store that gets the chunks");
  const progress = new Progress();
  using pool = new WorkerPool(flags.concurrency);
  using _display = showProgress(progress, flags);
  for (const index of indexes) {
    const zeros = new ZeroChunk(index, nativeCodec);
    const options = {
      destination: target.destination,
      ignore,
      zeros,
      limits: locator.limits,
      signal,
      progress,
    };
    await sayingChunksAreKept(flags.targetCache, () => cacheChunks(index, { stores }, pool, options));
  }
  target.check();
  return DONE;
}
