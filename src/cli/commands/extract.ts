/** `desync extract INDEX OUTPUT` */
import { DesyncError } from "../../errors.ts";
import { createBlobTarget, openBlobInPlace } from "../../deno/blob_target.ts";
import { nativeCodec } from "../../deno/native_codec.ts";
import { extractBlob } from "../../jobs/extract.ts";
import { BlobPlan, zeroChunkId } from "../../jobs/plan.ts";
import { Progress } from "../../jobs/progress.ts";
import type { Index } from "../../formats/index.ts";
import { WorkerPool } from "../../workers/pool.ts";
import { DONE } from "../exit_status.ts";
import type { FlagValues } from "../flags.ts";
import { Locator } from "../location.ts";
import { print } from "../output.ts";
import { showProgress } from "../progress.ts";

/** Builds the blob. */
export async function run(args: readonly string[], flags: FlagValues, signal: AbortSignal): Promise<number> {
  const [indexLocation, output] = args;
  const locator = new Locator(flags);
  const index = await locator.index(indexLocation, signal);
  const sources = locator.sources();
  if (index.count > 0 && sources.stores.length === 0 && sources.cache === undefined) {
    throw new DesyncError("usage", "No store was given: name at least one with -s");
  }
  const inPlace = flags.inPlace ?? false;
  // Zeros need not be written to a new file, but an old one may hold anything.
  const plan = new BlobPlan(index, inPlace ? undefined : zeroChunkId(index, nativeCodec));
  const target = inPlace
    ? openBlobInPlace(output, index.size)
    : createBlobTarget(output, index.size, plan.ranges());
  const progress = new Progress();
  {
    using pool = new WorkerPool();
    using _display = showProgress(progress, flags);
    const options = { signal, progress, limits: locator.limits, probeTarget: inPlace };
    await extractBlob(index, plan, sources, target, pool, options);
  }
  if (flags.printStats) print(`${JSON.stringify(statistics(index, progress), null, 2)}\n`);
  return DONE;
}

function statistics(index: Index, progress: Progress): Record<string, unknown> {
  return { "bytes-total": index.size, "chunks-total": index.count, sources: progress.sources };
}
