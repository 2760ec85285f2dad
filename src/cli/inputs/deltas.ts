/** Delta files as the user names them. */
import { DesyncError, messageOf } from "../../core/errors.ts";
import { redactLocation } from "../../deno/schemes.ts";
import { isFile } from "../../deno/files/file_kind.ts";
import { besideIndex, isPath } from "../../stores/location.ts";
import type { DeltaInput } from "../../jobs/open_patches.ts";
import type { Locator } from "../locator.ts";
import { warn } from "../output/output.ts";

/** Opens them. One that is not there is reported: what it would make comes from elsewhere. Throws `interrupted`, `usage`. */
export async function openDeltas(
  locations: readonly string[] | undefined,
  locator: Locator,
  signal: AbortSignal,
): Promise<DeltaInput[]> {
  const deltas: DeltaInput[] = [];
  for (const given of locations ?? []) {
    const location = redactLocation(given);
    try {
      const source = await locator.bytes(given);
      const access = await source.access({ signal });
      if (access !== null) deltas.push({ location, access });
      else warn(`Cannot use the delta ${location}: it can only be read in order (continuing without it)`);
    } catch (error) {
      const isOver = !(error instanceof DesyncError) || error.code === "interrupted" ||
        error.code === "usage";
      if (isOver) throw error;
      warn(messageOf(error.withHint("continuing without this delta")));
    }
  }
  return deltas;
}

/** A part of a delta, or all of it, is of no use. */
export function reportDeltaProblem(error: DesyncError): void {
  warn(messageOf(error.withHint("continuing without what it would make")));
}

/** Looks for deltas beside an index. Most indexes have none: whatever is in the way of one is no reason to say so. */
export function deltaFinder(
  index: string,
  locator: Locator,
  signal: AbortSignal,
): ((suffix: string) => Promise<DeltaInput | undefined>) | undefined {
  if (index === "-") return undefined;
  return async (suffix) => {
    const location = besideIndex(index, suffix);
    if (isPath(location) && !isFile(location)) return undefined;
    try {
      const access = await (await locator.bytes(location)).access({ signal });
      return access === null ? undefined : { location: redactLocation(location), access };
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
      return undefined;
    }
  };
}
