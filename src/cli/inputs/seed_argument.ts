/** What is written behind `--seed`: an index, a blob, or both. */
import { DesyncError } from "../../core/errors.ts";
import { isPath } from "../../stores/location.ts";

/** What the text names. Without an index the blob is cut. */
export interface SeedArgument {
  /** A file or URL. */
  readonly index?: string;
  readonly blob: string;
  /** What stands behind both: options, which there are none of yet. */
  readonly ignored?: string;
}

const SUFFIX = ".caibx";

/**
 * As desync reads it: `x.caibx` stands for the index and the blob `x`, else the index comes first, then a colon and the
 * blob. What names a file as a whole (`exists`), or has no colon, is a blob without an index. Throws `usage`.
 */
export function parseSeed(
  text: string,
  exists: (path: string) => boolean,
  windows: boolean = Deno.build.os === "windows",
): SeedArgument {
  if (text.endsWith(SUFFIX)) return { index: text, blob: withoutSuffix(text) };
  if (exists(text)) return { blob: text };
  const afterSuffix = text.lastIndexOf(`${SUFFIX}:`);
  const colon = afterSuffix < 0 ? colonIn(text, windows) : afterSuffix + SUFFIX.length;
  if (colon < 0) return { blob: text };
  const [index, rest] = [text.slice(0, colon), text.slice(colon + 1)];
  if (index === "" || rest === "") {
    throw new DesyncError("usage", { reason: "it is not INDEX:BLOB, INDEX.caibx or BLOB" });
  }
  // In a blob's name there may be colons.
  const end = exists(rest) ? -1 : colonIn(rest, windows);
  return end < 0 ? { index, blob: rest } : { index, blob: rest.slice(0, end), ignored: rest.slice(end + 1) };
}

/** The index in the same text, for what does not look at blobs: alone it may have any name. Throws `usage`. */
export function indexOfSeed(
  text: string,
  exists: (path: string) => boolean,
  windows: boolean = Deno.build.os === "windows",
): string {
  const isAlone = text.endsWith(SUFFIX) || exists(text) || (!isPath(text) && !text.includes(`${SUFFIX}:`));
  return isAlone ? text : parseSeed(text, exists, windows).index ?? text;
}

/** The blob that belongs to an index of that name. Throws `usage` for one on a server. */
export function withoutSuffix(index: string): string {
  if (isPath(index)) return index.slice(0, -SUFFIX.length);
  throw new DesyncError("usage", {
    reason: "a blob at a URL cannot be a seed",
    hint: `${index}:BLOB names one`,
  });
}

/** The first colon that is not one of a drive of Windows. */
function colonIn(path: string, windows: boolean): number {
  return path.indexOf(":", windows && /^[a-z]:[\\/]/i.test(path) ? 2 : 0);
}
