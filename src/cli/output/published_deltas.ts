/** The deltas that a new version is published with: beside its index, by the names under which they are found. */
import { DesyncError } from "../../core/errors.ts";
import { nativeCodec } from "../../deno/codec/native_codec.ts";
import { exists } from "../../deno/files/file_kind.ts";
import { type DeltaVersion, makeDeltaFile } from "../../deno/make_delta.ts";
import { deltaSuffix } from "../../delta/delta_file.ts";
import type { Index } from "../../formats/index/index.ts";
import { besideIndex, isPath } from "../../stores/location.ts";
import type { ChunkStore } from "../../stores/store.ts";
import { parseVersion } from "../inputs/version_argument.ts";
import type { Locator } from "../locator.ts";
import { missingOption } from "../parse/missing_option.ts";
import { printUnwrittenDelta } from "./unwritten_delta.ts";

/** How they are made. */
export interface DeltaFlags {
  readonly deltaFrom: readonly string[] | undefined;
  readonly noSync: boolean;
  readonly concurrency: number | undefined;
}

/** Makes the deltas of a new version. */
export type PublishDeltas = (index: Index, bytes: DeltaVersion["bytes"]) => Promise<void>;

/**
 * Reads the old versions' indexes, before any work. Their chunks, where no file is named, are in the store that is filled.
 * Throws `usage` where there can be no deltas.
 */
export async function deltaPublisher(
  output: string,
  flags: DeltaFlags,
  store: ChunkStore | undefined,
  locator: Locator,
  signal: AbortSignal,
): Promise<PublishDeltas> {
  const { deltaFrom = [], noSync, concurrency: threads } = flags;
  if (deltaFrom.length > 0 && (output === "-" || !isPath(output))) {
    throw new DesyncError("usage", {
      action: "use",
      subject: "--delta-from",
      reason: "delta files are written beside the index, which has to be a file",
      hint: "desync delta writes one anywhere",
    });
  }
  const old: DeltaVersion[] = [];
  for (const text of deltaFrom) {
    const { index: location, blob } = parseVersion(text, exists);
    const bytes = blob ?? (store && { stores: [store] });
    if (bytes === undefined) {
      throw missingOption(
        "-s, --store",
        `name the store that has the chunks of ${location}, or ${location}:BLOB`,
      );
    }
    old.push({ index: await locator.index(location, signal), bytes });
  }
  return async (index, bytes) => {
    for (const base of old) {
      const path = besideIndex(output, deltaSuffix(base.index, nativeCodec));
      const options = { threads, sync: !noSync, signal };
      const made = await makeDeltaFile(base, { index, bytes }, path, options);
      if (!made.written) printUnwrittenDelta(path, made);
    }
  };
}
