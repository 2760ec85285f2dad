/** Numbers and times as Go's flags read them, and amounts of bytes. What is thrown says what is wrong with the text. */
import { DesyncError } from "../../core/errors.ts";

/** The forms of Go's numbers, each with its base and what is written before the digits. */
const INTEGERS: readonly (readonly [form: RegExp, base: number, prefix: RegExp])[] = [
  [/^(?:0|[1-9](?:_?\d)*)$/, 10, /^/],
  [/^0x(?:_?[\da-f])+$/i, 16, /^0x/i],
  [/^0b(?:_?[01])+$/i, 2, /^0b/i],
  [/^0o?(?:_?[0-7])+$/i, 8, /^0o?/i],
];

/** `undefined` for what is not a whole number; one that is too large comes out inexact, but too large. */
function goInteger(text: string): number | undefined {
  const [, sign, digits] = /^([+-]?)(.*)$/s.exec(text)!;
  const found = INTEGERS.find(([form]) => form.test(digits));
  if (found === undefined) return undefined;
  const [, base, prefix] = found;
  const value = parseInt(digits.replace(prefix, "").replaceAll("_", ""), base);
  return sign === "-" ? 0 - value : value;
}

/** The parser of whole numbers: `16`, `0x10`, `0b10000`, `020` or `1_000`, each with a sign if need be. */
export function wholeNumber(
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): (text: string) => number {
  return (text) => checked(goInteger(text), least, most, "");
}

/** How many at a time: at least 1. -1, by which newer versions of desync adapt, is `undefined`, as without the option. */
export function countOrAdaptive(text: string): number | undefined {
  return goInteger(text) === -1 ? undefined : wholeNumber(1)(text);
}

/** Each 1024 times the one before. */
const UNITS = "bkmgt";

/** The parser of amounts of bytes: whole numbers, or decimal ones with a unit (`64k` is 65,536). */
export function byteCount(text: string): number {
  const [, digits, unit] = /^(\d+)([bkmgt])$/i.exec(text) ?? [];
  const value = digits === undefined
    ? goInteger(text)
    : Number(digits) * 1024 ** UNITS.indexOf(unit.toLowerCase());
  return checked(value, 0, Number.MAX_SAFE_INTEGER, ", such as 4096, 64k, 1M or 2G");
}

/** The same where a negative number means 0. */
export function byteCountOrAll(text: string): number {
  return (goInteger(text) ?? 0) < 0 ? 0 : byteCount(text);
}

function checked(value: number | undefined, least: number, most: number, example: string): number {
  if (value !== undefined && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new DesyncError("usage", { reason: `it is not a whole number ${range}${example}` });
}

/** In milliseconds. The two micro signs look alike. */
const TIME_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Timers take no longer ones: 24.8 days. */
export const LONGEST_MS = 2 ** 31 - 1;

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy;

/** A time as Go writes it (`500ms`, `1.5s`, `-1m30s`), in milliseconds, {@linkcode LONGEST_MS} at most. */
export function duration(text: string): number {
  const [, sign, amount] = /^([+-]?)(.*)$/s.exec(text)!;
  const parts = [...amount.matchAll(PART)];
  if (amount !== "0" && (parts.length === 0 || parts.map(([part]) => part).join("") !== amount)) {
    throw new DesyncError("usage", { reason: "it is not a time such as 500ms or 1.5s" });
  }
  const milliseconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * TIME_UNITS[unit], 0);
  return sign === "-" ? 0 - milliseconds : Math.min(milliseconds, LONGEST_MS);
}

/** The parser of times after which something fails; 0 is for ever. */
export function timeLimit(text: string): number {
  const milliseconds = duration(text);
  if (milliseconds < 0) throw new DesyncError("usage", { reason: "it is negative" });
  return milliseconds || LONGEST_MS;
}
