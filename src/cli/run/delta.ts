/** `desync delta OLD NEW OUTPUT` */
import { join } from "../../deno/system/paths.ts";
import { formatBytes } from "../../core/amounts.ts";
import { DesyncError } from "../../core/errors.ts";
import { Progress } from "../../core/progress.ts";
import { nativeCodec } from "../../deno/codec/native_codec.ts";
import { deltaSuffix } from "../../delta/delta_file.ts";
import { startsLikeDelta } from "../../delta/delta_header.ts";
import { type DeltaVersion, makeDeltaFile } from "../../deno/make_delta.ts";
import { exists, isFile, isNamedDirectory } from "../../deno/files/file_kind.ts";
import { parseIndexLocation } from "../../stores/location.ts";
import type { Args, Flags } from "../commands/delta.ts";
import { DONE } from "../exit_status.ts";
import { checkInputPath, checkOutputPath, refuseToReplace } from "../inputs/local_path.ts";
import { blobBeside, parseVersion } from "../inputs/version_argument.ts";
import { Locator } from "../locator.ts";
import { printError } from "../output/output.ts";
import { isForPeople, showProgress } from "../output/progress.ts";
import { printUnwrittenDelta } from "../output/unwritten_delta.ts";
import { missingOption } from "../parse/missing_option.ts";

/** In the place of an old version: all chunks of the new one are written. */
const NO_VERSION = "-";
const PACK_SUFFIX = ".cadelta";

/** Writes the delta. */
export async function run(args: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  await using locator = new Locator(flags);
  const next = parseVersion(args.new, exists);
  if (args.new === NO_VERSION) {
    throw new DesyncError("usage", {
      action: "make a delta",
      reason: '"-" cannot be the new version',
      hint: `give it as INDEX or INDEX:BLOB; "-" in the place of the old version makes a pack`,
    });
  }
  const old = args.old === NO_VERSION ? undefined : parseVersion(args.old, exists);
  // A directory gets it by the name under which it is found.
  const intoDirectory = isNamedDirectory("write", args.output);
  let { output } = args;
  for (const { index, blob } of old === undefined ? [next] : [old, next]) {
    checkOutputPath(output, index);
    if (blob !== undefined) checkInputPath(blob);
  }
  if (!intoDirectory) refuseToReplace(output, "a delta file", startsLikeDelta);
  const open = async ({ index: location, blob }: typeof next): Promise<DeltaVersion> => {
    const index = await locator.index(location, signal);
    if (blob !== undefined) return { index, bytes: blob };
    if (flags.stores !== undefined || flags.cache !== undefined) {
      return { index, bytes: await locator.sourcesOf(index) };
    }
    const beside = blobBeside(location);
    if (beside !== undefined && isFile(beside)) return { index, bytes: beside };
    throw missingOption(
      "-s, --store",
      `name a store that has the chunks of ${location}, or ${location}:BLOB`,
    );
  };
  const base = old && await open(old);
  const target = await open(next);
  if (intoDirectory) {
    const suffix = base === undefined ? PACK_SUFFIX : deltaSuffix(base.index, nativeCodec);
    output = join(output, `${parseIndexLocation(next.index).name}${suffix}`);
  }
  const { level, always, concurrency: threads, noSync } = flags;
  const progress = new Progress();
  const result = await (async () => {
    using _display = showProgress(progress, flags, { label: "Comparing" });
    return await makeDeltaFile(base, target, output, {
      level,
      // Without an old version it is not written to save bytes, but requests.
      always: always || base === undefined,
      threads,
      sync: !noSync,
      signal,
      progress,
    });
  })();
  if (!result.written) printUnwrittenDelta(output, result);
  else if (isForPeople(flags)) {
    const { bytes, chunks, storedBytes } = result;
    printError(
      `${output}: ${formatBytes(bytes)} for ${chunks} chunks, which take about ${formatBytes(storedBytes)}\n`,
    );
  }
  return DONE;
}
