/**
 * Builds index files byte by byte, by its own means and not by the program's, so that every field can be wrong.
 * What is not given is right.
 *
 *     INDEX   size, type, feature flags, chunk size min, avg, max          (six u64, little-endian)
 *     TABLE   size, type, then items of 40 bytes (end offset, 32 bytes id) and a tail of five u64
 */

/** One row of the table. */
export interface IndexItem {
  /** Offset in the blob just past the chunk. */
  end: bigint | number;
  /** 64 hexadecimal digits; zeros if not given. */
  id?: string;
}

/** Every field of an index file. */
export interface IndexFields {
  indexSize?: bigint | number;
  indexType?: bigint;
  flags?: bigint;
  min?: bigint | number;
  avg?: bigint | number;
  max?: bigint | number;
  tableSize?: bigint | number;
  tableType?: bigint;
  items?: IndexItem[];
  /** The tail's first u64, which marks the end of the items. */
  tailZero1?: bigint | number;
  tailZero2?: bigint | number;
  tailIndexOffset?: bigint | number;
  tailTableSize?: bigint | number;
  tailMagic?: bigint;
  /** Leave the tail out altogether. */
  noTail?: boolean;
  /** Bytes after the end. */
  trailing?: Uint8Array;
}

/** The flags that casync writes for a blob with SHA-512/256 ids. */
export const sha512256Flags = 0xb000_0000_0000_0000n;
/** The same with SHA-256 ids. */
export const sha256Flags = 0x9000_0000_0000_0000n;

const NO_ID = "0".repeat(64);

/** The bytes of an index file. */
export function indexBytes(fields: IndexFields = {}): Uint8Array<ArrayBuffer> {
  const items = fields.items ?? [];
  const trailing = fields.trailing ?? new Uint8Array(0);
  const tailLength = fields.noTail ? 0 : 40;
  const bytes = new Uint8Array(64 + items.length * 40 + tailLength + trailing.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const u64 = (value: bigint | number): void => {
    view.setBigUint64(at, BigInt(value), true);
    at += 8;
  };
  /** Long indexes have few different ids. */
  const ids = new Map<string, Uint8Array>();
  const bytesOf = (id: string): Uint8Array => {
    const known = ids.get(id) ?? Uint8Array.fromHex(id);
    if (ids.size < 1000) ids.set(id, known);
    return known;
  };

  u64(fields.indexSize ?? 48);
  u64(fields.indexType ?? 0x96824d9c7b129ff9n);
  u64(fields.flags ?? sha512256Flags);
  u64(fields.min ?? 16384);
  u64(fields.avg ?? 65536);
  u64(fields.max ?? 262144);

  u64(fields.tableSize ?? 0xffff_ffff_ffff_ffffn);
  u64(fields.tableType ?? 0xe75b9e112f17417dn);
  for (const item of items) {
    u64(item.end);
    bytes.set(bytesOf(item.id ?? NO_ID), at);
    at += 32;
  }
  if (!fields.noTail) {
    u64(fields.tailZero1 ?? 0);
    u64(fields.tailZero2 ?? 0);
    u64(fields.tailIndexOffset ?? 48);
    u64(fields.tailTableSize ?? 16 + items.length * 40 + 40);
    u64(fields.tailMagic ?? 0x4b4f050e5549ecd1n);
  }
  bytes.set(trailing, at);
  return bytes;
}
