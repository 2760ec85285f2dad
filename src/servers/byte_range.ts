/** The header that asks for a part of something. Source: RFC 9110, section 14.1.2 and 14.2. */

/** A part: from `start` up to but without `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The part of so many bytes that the header asks for. `all` when it says something else: several parts, another unit,
 * anything invalid; servers may ignore all that. `none` when nothing of that part exists.
 */
export function parseRange(header: string, length: number): ByteRange | "all" | "none" {
  const match = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header);
  if (match === null) return "all";
  const [, first, last] = match;
  if (first === "") {
    if (last === "") return "all";
    return Number(last) === 0 || length === 0
      ? "none"
      : { start: Math.max(0, length - Number(last)), end: length };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return "all";
  if (start >= length) return "none";
  return { start, end: last === "" ? length : Math.min(length, Number(last) + 1) };
}
