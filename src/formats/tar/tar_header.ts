/**
 * The header of a tar's member: one block of 512 bytes.
 *
 *     0    name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1, link 100
 *     257  magic: "ustar" NUL "00", or "ustar  " NUL by GNU tar; then user 32, group 32, major 8, minor 8
 *     345  prefix 155: what comes before name and a slash (not by GNU tar, which has other things here)
 *
 * Numbers are octal digits, or, with the first bit set, big-endian in base 256. The checksum is the sum of all bytes
 * with spaces in its own place.
 */
import { invalidTar, TAR_BLOCK_BYTES } from "./tar_member.ts";

/** A field by its place and its length. */
type Field = readonly [at: number, length: number];

const NAME: Field = [0, 100];
const MODE: Field = [100, 8];
const UID: Field = [108, 8];
const GID: Field = [116, 8];
const SIZE: Field = [124, 12];
const MTIME: Field = [136, 12];
const CHECKSUM: Field = [148, 8];
const TYPE_AT = 156;
const LINK: Field = [157, 100];
const MAGIC: Field = [257, 8];
const USER: Field = [265, 32];
const GROUP: Field = [297, 32];
const MAJOR: Field = [329, 8];
const MINOR: Field = [337, 8];
const PREFIX: Field = [345, 155];
/** star keeps times behind a shorter prefix, and says so at the end. */
const STAR_PREFIX: Field = [345, 131];
const STAR_MARK: Field = [508, 4];
/** Parts of a sparse file by GNU tar: four here, 21 in each further block, and whether such a block follows. */
const SPARSE: Field = [386, 4];
const SPARSE_MORE_AT = 482;
const SPARSE_SIZE: Field = [483, 12];
const SPARSE_BLOCK: Field = [0, 21];
const SPARSE_BLOCK_MORE_AT = 504;

const USTAR_MAGIC = "ustar\x0000";
const GNU_MAGIC = "ustar  \0";

/** Bytes that names and links may have in the header itself. */
export const TAR_NAME_BYTES: number = NAME[1];
/** The same for users and groups, with the NUL that ends them. */
export const TAR_USER_BYTES: number = USER[1];

/** What a header says. */
export interface TarHeader {
  /** With the prefix. */
  readonly name: Uint8Array;
  readonly type: string;
  readonly mode: number;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: bigint;
  readonly link: Uint8Array;
  readonly user: Uint8Array;
  readonly group: Uint8Array;
  readonly major: bigint;
  readonly minor: bigint;
}

/** Numbers of a sparse file's parts, offset and length in turn, as one block has them. */
interface SparseNumbers {
  readonly numbers: readonly number[];
  /** Another block of them follows. */
  readonly more: boolean;
}

/** Whether a block is nothing but zeros. */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Reads a header at this place of the tar. Throws `invalid-archive` if it is invalid. */
export function parseTarHeader(block: Uint8Array, offset: number): TarHeader {
  checkSum(block, offset);
  const magic = latin1(field(block, MAGIC));
  const posix = magic === USTAR_MAGIC;
  const known = posix || magic === GNU_MAGIC;
  const name = terminated(block, NAME);
  const prefix = posix ? terminated(block, isStar(block) ? STAR_PREFIX : PREFIX) : new Uint8Array(0);
  const number = (at: Field, what: string) => parseNumber(field(block, at), what, offset);
  const size = toSize(number(SIZE, "size"), offset);
  return {
    name: prefix.length === 0 ? name : joinPath(prefix, name),
    type: String.fromCharCode(block[TYPE_AT]),
    // desync 1.0.4 writes Go's own bits above those of the system.
    mode: Number(BigInt.asUintN(12, number(MODE, "mode"))),
    uid: number(UID, "uid"),
    gid: number(GID, "gid"),
    size,
    mtime: number(MTIME, "mtime"),
    link: terminated(block, LINK),
    user: known ? terminated(block, USER) : new Uint8Array(0),
    group: known ? terminated(block, GROUP) : new Uint8Array(0),
    major: known ? number(MAJOR, "device") : 0n,
    minor: known ? number(MINOR, "device") : 0n,
  };
}

/** What the header of a sparse file by GNU tar says besides. */
export function parseSparseHeader(block: Uint8Array, offset: number): SparseNumbers & { size: number } {
  const size = toSize(parseNumber(field(block, SPARSE_SIZE), "size", offset), offset);
  return { ...sparseNumbers(block, SPARSE, SPARSE_MORE_AT, offset), size };
}

/** A further block of a sparse file's parts. */
export function parseSparseBlock(block: Uint8Array, offset: number): SparseNumbers {
  return sparseNumbers(block, SPARSE_BLOCK, SPARSE_BLOCK_MORE_AT, offset);
}

function sparseNumbers(
  block: Uint8Array,
  [at, count]: Field,
  moreAt: number,
  offset: number,
): SparseNumbers {
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) {
    const part = block.subarray(at + 24 * i, at + 24 * i + 24);
    if (part[0] === 0) break;
    for (const half of [part.subarray(0, 12), part.subarray(12)]) {
      numbers.push(toSize(parseNumber(half, "sparse part", offset), offset));
    }
  }
  return { numbers, more: block[moreAt] !== 0 };
}

/** Fields of a header to be written. What does not fit has been recorded elsewhere: it is cut off. */
interface TarHeaderFields {
  readonly name: Uint8Array;
  readonly type: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  /** Seconds since 1970. */
  readonly mtime?: bigint;
  readonly link?: Uint8Array;
  readonly user?: Uint8Array;
  readonly group?: Uint8Array;
  readonly device?: { readonly major: number; readonly minor: number };
}

/** A header as GNU tar writes it. */
export function buildTarHeader(fields: TarHeaderFields): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(TAR_BLOCK_BYTES);
  const { device } = fields;
  putBytes(block, NAME, fields.name);
  putNumber(block, MODE, BigInt(fields.mode ?? 0));
  putNumber(block, UID, BigInt(fields.uid ?? 0));
  putNumber(block, GID, BigInt(fields.gid ?? 0));
  putNumber(block, SIZE, BigInt(fields.size ?? 0));
  putNumber(block, MTIME, fields.mtime ?? 0n);
  block[TYPE_AT] = fields.type.charCodeAt(0);
  if (fields.link !== undefined) putBytes(block, LINK, fields.link);
  putText(block, MAGIC, GNU_MAGIC);
  if (fields.user !== undefined) putBytes(block, USER, fields.user);
  if (fields.group !== undefined) putBytes(block, GROUP, fields.group);
  if (device !== undefined) {
    putNumber(block, MAJOR, BigInt(device.major));
    putNumber(block, MINOR, BigInt(device.minor));
  }
  putText(block, CHECKSUM, " ".repeat(CHECKSUM[1]));
  const sum = block.reduce((total, byte) => total + byte, 0);
  putText(block, CHECKSUM, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

function field(block: Uint8Array, [at, length]: Field): Uint8Array {
  return block.subarray(at, at + length);
}

/** Up to the first NUL, of which there may be none. A copy, which does not keep the block. */
function terminated(block: Uint8Array, at: Field): Uint8Array {
  const bytes = field(block, at);
  const end = bytes.indexOf(0);
  return bytes.slice(0, end < 0 ? bytes.length : end);
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function isStar(block: Uint8Array): boolean {
  return latin1(field(block, STAR_MARK)) === "tar\0";
}

function joinPath(directory: Uint8Array, name: Uint8Array): Uint8Array {
  const path = new Uint8Array(directory.length + 1 + name.length);
  path.set(directory);
  path[directory.length] = 0x2f;
  path.set(name, directory.length + 1);
  return path;
}

/** Old programs have counted bytes as signed. */
function checkSum(block: Uint8Array, offset: number): void {
  const [at, length] = CHECKSUM;
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < TAR_BLOCK_BYTES; i++) {
    const byte = i >= at && i < at + length ? 0x20 : block[i];
    unsigned += byte;
    signed += byte << 24 >> 24;
  }
  const expected = parseNumber(field(block, CHECKSUM), "checksum", offset);
  if (expected === BigInt(unsigned) || expected === BigInt(signed)) return;
  const what = offset === 0 ? "it does not begin with a header" : `at byte ${offset} there is no header`;
  throw invalidTar(`${what} (its checksum is wrong)`);
}

function parseNumber(bytes: Uint8Array, what: string, offset: number): bigint {
  if ((bytes[0] & 0x80) !== 0) return parseBase256(bytes);
  const text = latin1(bytes).replace(/^[ \0]+/, "").replace(/[ \0].*$/s, "");
  if (!/^[0-7]*$/.test(text)) {
    throw invalidTar(
      what === "checksum" && offset === 0
        ? "it does not begin with a header"
        : `the header at byte ${offset} has no right number (${what})`,
    );
  }
  return text === "" ? 0n : BigInt(`0o${text}`);
}

/** Two's complement, but for the first bit, which says that it is one. */
function parseBase256(bytes: Uint8Array): bigint {
  let value = BigInt(bytes[0] & 0x7f);
  for (const byte of bytes.subarray(1)) value = value << 8n | BigInt(byte);
  return BigInt.asIntN(8 * bytes.length - 1, value);
}

function toSize(value: bigint, offset: number): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalidTar(`the header at byte ${offset} has a size that no file has`);
  }
  return Number(value);
}

function putBytes(block: Uint8Array, [at, length]: Field, bytes: Uint8Array): void {
  block.set(bytes.subarray(0, length), at);
}

function putText(block: Uint8Array, [at]: Field, text: string): void {
  for (let i = 0; i < text.length; i++) block[at + i] = text.charCodeAt(i);
}

function putNumber(block: Uint8Array, [at, length]: Field, value: bigint): void {
  const digits = length - 1;
  if (value >= 0n && value < 1n << BigInt(3 * digits)) {
    return putText(block, [at, length], value.toString(8).padStart(digits, "0"));
  }
  let rest = BigInt.asUintN(8 * length, value);
  for (let i = length - 1; i >= 0; i--) {
    block[at + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  block[at] |= 0x80;
}
