/**
 * The extended headers of pax: records `LENGTH KEY=VALUE\n`, where LENGTH counts the whole record, itself included.
 *
 * Besides POSIX's own keys there are those of star (SCHILY.xattr.NAME, SCHILY.acl.access and .default), of Red Hat
 * (RHT.security.selinux) and of GNU tar (GNU.sparse.…). In attributes' names GNU tar writes % and = as %25 and %3D.
 */
import { concat, nameBytes, nameText } from "../../core/bytes.ts";
import { invalidTar } from "./tar_member.ts";

/** One record. */
export interface PaxRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

/** What attributes' keys begin with. */
const PAX_XATTR = "SCHILY.xattr.";

/** Largest record that can be: more digits of its length are not read. */
const MAX_LENGTH_DIGITS = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The records of an extended header. Throws `invalid-archive` if it is invalid. */
export function parsePax(bytes: Uint8Array): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    // GNU tar of old has filled up the last block and counted it.
    if (bytes[at] === 0) break;
    const space = bytes.indexOf(0x20, at);
    const digits = decoder.decode(
      bytes.subarray(at, Math.min(space < 0 ? at : space, at + MAX_LENGTH_DIGITS + 1)),
    );
    const end = at + Number(digits);
    if (
      !/^\d+$/.test(digits) || digits.length > MAX_LENGTH_DIGITS || end > bytes.length ||
      bytes[end - 1] !== 0x0a
    ) {
      throw invalidTar("an extended header (pax) has a record that does not end where it says");
    }
    const equals = bytes.indexOf(0x3d, space);
    if (equals < 0 || equals >= end - 1 || equals === space + 1) {
      throw invalidTar("an extended header (pax) has a record without a key");
    }
    const key = nameText(bytes.subarray(space + 1, equals));
    records.push({ key, value: bytes.slice(equals + 1, end - 1) });
    at = end;
  }
  return records;
}

/** An extended header of these records. */
export function buildPax(records: readonly PaxRecord[]): Uint8Array<ArrayBuffer> {
  return concat(records.map(buildRecord));
}

function buildRecord({ key, value }: PaxRecord): Uint8Array<ArrayBuffer> {
  const body = concat([nameBytes(` ${key}=`), value, Uint8Array.of(0x0a)]);
  let length = body.length;
  while (length !== body.length + String(length).length) length = body.length + String(length).length;
  return concat([encoder.encode(String(length)), body]);
}

/** The attribute that a key names, `undefined` when it names none. */
export function xattrOfKey(key: string): string | undefined {
  if (!key.startsWith(PAX_XATTR)) return undefined;
  return key.slice(PAX_XATTR.length).replaceAll("%3D", "=").replaceAll("%25", "%");
}

/** The key for an attribute. */
export function keyOfXattr(name: string): string {
  return PAX_XATTR + name.replaceAll("%", "%25").replaceAll("=", "%3D");
}

const BILLION = 1_000_000_000n;

/** A time in seconds with any number of digits behind the point, as nanoseconds. Throws `invalid-archive`. */
export function parsePaxTime(value: Uint8Array): bigint {
  const match = /^(-?)(\d{1,20})(?:\.(\d*))?$/.exec(decoder.decode(value));
  if (match === null) throw invalidTar("an extended header (pax) has an invalid time");
  const [, sign, seconds, fraction = ""] = match;
  const time = BigInt(seconds) * BILLION + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -time : time;
}

/** The same backwards, with as many digits as it needs. */
export function formatPaxTime(time: bigint): Uint8Array {
  const positive = time < 0n ? -time : time;
  const fraction = (positive % BILLION).toString().padStart(9, "0").replace(/(?<!0)0+$/, "");
  const seconds = `${time < 0n ? "-" : ""}${positive / BILLION}`;
  return encoder.encode(fraction === "" ? seconds : `${seconds}.${fraction}`);
}

/** A whole number that is not negative. Throws `invalid-archive`. */
export function parsePaxNumber(value: Uint8Array, key: string): number {
  const text = decoder.decode(value);
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw invalidTar(`an extended header (pax) has no right number (${key})`);
}
