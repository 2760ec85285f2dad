/** `desync cache -s STORE -c DIRECTORY INDEX…` */
import { copyChunks } from "../../deno/copy_chunks.ts";
import type { Index } from "../../formats/index/index.ts";
import { Progress } from "../../core/progress.ts";
import type { Args, Flags } from "../commands/cache.ts";
import { DONE } from "../exit_status.ts";
import { reportingKeptChunks } from "../output/interruption.ts";
import { readIgnored } from "../inputs/chunk_ids.ts";
import { missingOption } from "../parse/missing_option.ts";
import { Locator } from "../locator.ts";
import { showProgress } from "../output/progress.ts";
import { storingOptions } from "../output/storing_options.ts";
import { expandWildcards } from "../inputs/expand_wildcards.ts";

/** Copies the chunks. */
export async function run({ indexes: locations }: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await using locator = new Locator(flags);
  const indexes: Index[] = [];
  for (const location of expandWildcards(locations)) indexes.push(await locator.index(location, signal));
  const ignore = await readIgnored(locator, flags, signal);
  const stores = await locator.stores(Math.max(...indexes.map((index) => index.sizes.max)));
  if (stores.length === 0) throw missingOption("-s, --store", "name at least one store to take chunks from");
  const target = await locator.storeToFill(flags.targetCache);
  if (target === undefined) throw missingOption("-c, --cache", "name the store that gets the chunks");
  const progress = new Progress();
  using _display = showProgress(progress, flags);
  const options = { ...storingOptions(flags), ignore, signal, progress };
  await reportingKeptChunks(flags.targetCache, () => copyChunks(indexes, { stores }, target, options));
  return DONE;
}
