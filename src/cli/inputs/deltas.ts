/** Delta files as the user names them. */
import { DesyncError, messageOf } from "../../core/errors.ts";
import { redactLocation } from "../../deno/schemes.ts";
import { exists, isFile } from "../../deno/files/file_kind.ts";
import type { RandomAccess } from "../../stores/byte_source.ts";
import { MOST_WHOLE_BYTES, wholeBytes } from "../../stores/whole_bytes.ts";
import { besideIndex, isPath } from "../../stores/location.ts";
import type { Index } from "../../formats/index/index.ts";
import type { DeltaInput, ReadDelta } from "../../jobs/open_patches.ts";
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
      deltas.push({ location, access: await deltaAccess(given, locator, signal) });
    } catch (error) {
      const isOver = !(error instanceof DesyncError) || error.code === "interrupted" ||
        error.code === "usage";
      if (isOver) throw error;
      warn(messageOf(error.withHint("continuing without this delta")));
    }
  }
  return deltas;
}

/** A delta's bytes at any place: parts of it, or where those cannot be had, all of it. The locator closes it. */
export async function deltaAccess(
  location: string,
  locator: Locator,
  signal: AbortSignal,
): Promise<RandomAccess> {
  const about = { action: "use", subject: `the delta ${redactLocation(location)}` };
  // A pipe may have no other end, and waiting for one does not end.
  if (isPath(location) && exists(location) && !isFile(location)) {
    throw new DesyncError("usage", { ...about, reason: "not a regular file", hint: "copy it to one first" });
  }
  const access = await locator.access(location, signal);
  if (access !== null) return access;
  try {
    return await wholeBytes(await locator.bytes(location), MOST_WHOLE_BYTES, signal);
  } catch (error) {
    throw error instanceof DesyncError ? error.withContext(about) : error;
  }
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
      return { location: redactLocation(location), access: await deltaAccess(location, locator, signal) };
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code === "interrupted") throw error;
      return undefined;
    }
  };
}

/** Whether a location is called as delta files are. */
export function isCalledDelta(location: string): boolean {
  return /\.cadelta(?:[?#].*)?$/.test(location);
}

/** The index, or what a delta in its place makes of that of a seed. Throws as {@linkcode indexOfDelta} does. */
export async function openIndex(
  location: string,
  seeds: Promise<readonly { readonly index?: Index }[]>,
  locator: Locator,
  signal: AbortSignal,
): Promise<{ readonly index: Index; readonly delta?: ReadDelta }> {
  if (!isCalledDelta(location)) return { index: await locator.index(location, signal) };
  const old = (await seeds).flatMap(({ index }) => index === undefined ? [] : [index]);
  return await indexOfDelta(location, old, locator, signal);
}

/**
 * The new version's index out of a delta, which makes it out of the old one's, so that it need not be fetched. Throws what is
 * wrong with the delta, and `usage` when none of the old versions is the one that it is for.
 */
async function indexOfDelta(
  location: string,
  old: readonly Index[],
  locator: Locator,
  signal: AbortSignal,
): Promise<{ readonly index: Index; readonly delta: ReadDelta }> {
  const [{ isBaseOf, openDelta, readDeltaHead }, { nativeCodec }] = await Promise.all([
    import("../../delta/delta_file.ts"),
    import("../../deno/codec/native_codec.ts"),
  ]);
  const name = redactLocation(location);
  const about = { action: "use", subject: `the delta ${name}` };
  try {
    const access = await deltaAccess(location, locator, signal);
    const head = await readDeltaHead(access, nativeCodec, { signal });
    const base = old.find((index) => isBaseOf(index, head, nativeCodec));
    if (base === undefined && head.header.baseCount > 0) {
      throw new DesyncError("usage", {
        reason: "no seed has the index of the old version that it is for",
        hint: "name it with --seed INDEX:BLOB, or give the new index and --delta",
      });
    }
    const { target: index } = openDelta(head, base, nativeCodec);
    return { index, delta: { location: name, access, head } };
  } catch (error) {
    throw error instanceof DesyncError ? error.withContext(about) : error;
  }
}
