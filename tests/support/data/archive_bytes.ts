/**
 * Builds archives (.catar) byte by byte, by the test's own means and not by the program's, so that everything in them
 * can be wrong. What is not given is right.
 *
 *     directory([["a", file("text")], ["link", symlink("a")]])
 */

import { nameHash } from "../../../src/formats/archive/goodbye.ts";
import { joined as concat } from "./joined.ts";

/** Types of elements. */
export const types = {
  entry: 0x1396fabcea5bbb51n,
  user: 0xf453131aaeeaccb3n,
  group: 0x25eb6ac969396a52n,
  xattr: 0xb8157091f80bc486n,
  aclUser: 0x297dc88b2ef12fafn,
  aclGroup: 0x36f2acb56cb3dd0bn,
  aclGroupObj: 0x23047110441f38f3n,
  aclDefault: 0xfe3eeda6823c8cd0n,
  aclDefaultUser: 0xbdf03df9bd010a91n,
  fcaps: 0xf7267db0afed0629n,
  selinux: 0x46faf0602fd26c59n,
  quotaProjectId: 0x161baf2d8772a72bn,
  payload: 0x8b9e1d93d6dcffc9n,
  symlink: 0x664a6fb6830e0d6cn,
  device: 0xac3dace369dfe643n,
  filename: 0x6dbb6ebcb3161f0bn,
  goodbye: 0xdfd35c5e8327c403n,
} as const;

/** desync's flags: whole modes, 32-bit owners, times in nanoseconds, symlinks, devices, attributes. */
export const usualFeatures = 0xb000_0000_1000_1f22n;

/** What ENTRY says. */
export interface EntryFields {
  features?: bigint;
  mode?: number;
  flags?: bigint;
  uid?: number;
  gid?: number;
  mtime?: bigint;
}

/** Bytes, or text in UTF-8. */
export type Content = string | Uint8Array;

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}

export function bytesOf(content: Content): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

export function element(type: bigint, ...content: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const body = concat(content);
  return concat([u64(BigInt(body.length + 16)), u64(type), body]);
}

export function entry(kind: number, mode: number, fields: EntryFields = {}): Uint8Array<ArrayBuffer> {
  const { features = usualFeatures, flags = 0n, uid = 0, gid = 0, mtime = 1_700_000_000_123_456_789n } =
    fields;
  const words = [features, BigInt(kind | (fields.mode ?? mode)), flags, BigInt(uid), BigInt(gid)];
  return element(types.entry, ...words.map(u64), u64(BigInt.asUintN(64, mtime)));
}

/** Text and NUL. */
export function named(type: bigint, name: Content): Uint8Array<ArrayBuffer> {
  return element(type, bytesOf(name), Uint8Array.of(0));
}

/** A regular file; `more` are elements between ENTRY and PAYLOAD. */
export function file(
  content: Content = "",
  fields?: EntryFields,
  ...more: Uint8Array[]
): Uint8Array<ArrayBuffer> {
  return concat([entry(0o100000, 0o644, fields), ...more, element(types.payload, bytesOf(content))]);
}

export function symlink(target: Content, fields?: EntryFields): Uint8Array<ArrayBuffer> {
  return concat([entry(0o120000, 0o777, fields), named(types.symlink, target)]);
}

export function fifo(fields?: EntryFields): Uint8Array<ArrayBuffer> {
  return entry(0o010000, 0o644, fields);
}

export function device(
  kind: "block" | "char",
  major: number,
  minor: number,
  fields?: EntryFields,
): Uint8Array<ArrayBuffer> {
  const head = entry(kind === "block" ? 0o060000 : 0o020000, 0o644, fields);
  return concat([head, element(types.device, u64(BigInt(major)), u64(BigInt(minor)))]);
}

/** A row of GOODBYE. */
export interface Row {
  offset: bigint;
  size: bigint;
  hash: bigint;
}

/** Ways to be a wrong directory. */
export interface DirectoryOptions extends EntryFields {
  /** Elements between ENTRY and the first child. */
  more?: Uint8Array[];
  /** Changes the table of children, in its order in the file. */
  table?: (rows: Row[]) => Row[];
}

/** A directory with these children in the order given. */
export function directory(
  children: [Content, Uint8Array][] = [],
  options: DirectoryOptions = {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [entry(0o040000, 0o755, options), ...options.more ?? []];
  let length = parts.reduce((sum, part) => sum + part.length, 0);
  const places: { start: number; size: number; hash: bigint }[] = [];
  for (const [name, node] of children) {
    const child = concat([named(types.filename, name), node]);
    places.push({ start: length, size: child.length, hash: sipHashSlowly(bytesOf(name)) });
    parts.push(child);
    length += child.length;
  }
  const rows = places.map(({ start, size, hash }) => ({
    offset: BigInt(length - start),
    size: BigInt(size),
    hash,
  }));
  rows.sort((a, b) => a.hash === b.hash ? Number(a.offset - b.offset) : a.hash < b.hash ? -1 : 1);
  const table = (options.table ?? ((given) => given))(inTree(rows));
  const words = table.flatMap(({ offset, size, hash }) => [offset, size, hash]);
  words.push(BigInt(length), BigInt(16 + 24 * (table.length + 1)), 0x57446fa533702943n);
  return concat([...parts, element(types.goodbye, ...words.map(u64))]);
}

/** `depth` directories inside each other, without building each level anew from the one inside. */
export function nested(depth: number, name = "d"): Uint8Array<ArrayBuffer> {
  const head = concat([entry(0o040000, 0o755), named(types.filename, name)]);
  const hash = sipHashSlowly(bytesOf(name));
  const inner = directory();
  const ends: Uint8Array[] = [];
  let size = inner.length;
  for (let level = 1; level < depth; level++) {
    const child = BigInt(size + head.length - 64);
    const words = [child, child, hash, BigInt(size + head.length), 64n, 0x57446fa533702943n];
    const end = element(types.goodbye, ...words.map(u64));
    ends.push(end);
    size += head.length + end.length;
  }
  return concat([...Array<Uint8Array>(depth - 1).fill(head), inner, ...ends]);
}

/**
 * A directory of `count` empty files `0000000`, `0000001` … in pieces, made as they are asked for: however many there are,
 * they take no memory but for the table.
 */
export function* manyFiles(count: number): Generator<Uint8Array<ArrayBuffer>> {
  const [head, child] = [entry(0o040000, 0o755), joinedChild()];
  const nameAt = 16;
  yield head;
  const hashes = new BigUint64Array(count);
  for (let i = 0; i < count;) {
    const pieces = new Uint8Array(Math.min(1000, count - i) * child.length);
    for (let at = 0; at < pieces.length; at += child.length, i++) {
      pieces.set(child, at);
      const name = pieces.subarray(at + nameAt, at + nameAt + 7);
      for (let digit = 6, rest = i; digit >= 0; digit--, rest = Math.floor(rest / 10)) {
        name[digit] = 0x30 + rest % 10;
      }
      hashes[i] = nameHash(name);
    }
    yield pieces;
  }
  // As numbers they are compared faster, and still differ.
  const keys = Float64Array.from(hashes, Number);
  const order = Uint32Array.from(keys.keys()).sort((a, b) => keys[a] - keys[b]);
  const start = head.length + count * child.length;
  const words = new BigUint64Array(3 * (count + 1) + 2);
  words.set([BigInt(16 + 24 * (count + 1)), types.goodbye]);
  inTree([...order]).forEach((number, i) => {
    words[2 + 3 * i] = BigInt((count - number) * child.length);
    words[3 + 3 * i] = BigInt(child.length);
    words[4 + 3 * i] = hashes[number];
  });
  words.set([BigInt(start), BigInt(16 + 24 * (count + 1)), 0x57446fa533702943n], 2 + 3 * count);
  yield new Uint8Array(words.buffer);
}

function joinedChild(): Uint8Array<ArrayBuffer> {
  return concat([named(types.filename, "0000000"), file("")]);
}

/** A sorted list as a complete binary search tree in an array: the plain recursive definition. */
function inTree<T>(sorted: T[]): T[] {
  const tree: T[] = [];
  let next = 0;
  const fill = (at: number) => {
    if (at >= sorted.length) return;
    fill(2 * at + 1);
    tree[at] = sorted[next++];
    fill(2 * at + 2);
  };
  fill(0);
  return tree;
}

const key = [0x8574442b0f1d84b3n, 0x2736ed30d1c22ec1n];

/** SipHash-2-4 of a name as the paper writes it, in BigInt. */
export function sipHashSlowly(bytes: Uint8Array, [k0, k1]: bigint[] = key): bigint {
  const u = (x: bigint) => BigInt.asUintN(64, x);
  const rotl = (x: bigint, n: bigint) => u(x << n) | x >> (64n - n);
  const v = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ];
  const round = () => {
    v[0] = u(v[0] + v[1]);
    v[1] = rotl(v[1], 13n) ^ v[0];
    v[0] = rotl(v[0], 32n);
    v[2] = u(v[2] + v[3]);
    v[3] = rotl(v[3], 16n) ^ v[2];
    v[0] = u(v[0] + v[3]);
    v[3] = rotl(v[3], 21n) ^ v[0];
    v[2] = u(v[2] + v[1]);
    v[1] = rotl(v[1], 17n) ^ v[2];
    v[2] = rotl(v[2], 32n);
  };
  const padded = new Uint8Array(bytes.length - bytes.length % 8 + 8);
  padded.set(bytes);
  padded[padded.length - 1] = bytes.length;
  const view = new DataView(padded.buffer);
  for (let at = 0; at < padded.length; at += 8) {
    const m = view.getBigUint64(at, true);
    v[3] ^= m;
    round();
    round();
    v[0] ^= m;
  }
  v[2] ^= 0xffn;
  for (let i = 0; i < 4; i++) round();
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}
