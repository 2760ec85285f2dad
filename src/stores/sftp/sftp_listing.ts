/** What lies in a store: chunks, and what killed writers left. Everything else is ignored. */
import { type NamedChunk, parseChunkName, TEMPORARY_PREFIX } from "../../core/chunk.ts";
import { isRegular, type SftpAttributes, type SftpEntry } from "./sftp_packets.ts";

/** desync's temporary names: the chunk's, with the suffix of encrypted ones, and a random number of 63 bits. */
const TEMPORARY_BY_DESYNC =
  /^[0-9a-f]{64}\.cacnk(?:\.[a-z0-9]+-[a-z0-9]+(?:-[a-z0-9]+)?-[0-9a-f]{8})?[0-9]{1,19}$/;

/** What the names of indexes begin with while they are written. */
const INDEX_PREFIX = ".tmp-desync-";
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** No program writes a chunk for so long: an older temporary file was left by a killed one. */
const STALE_AGE_MS = 24 * 60 * 60 * 1000;

/** The chunk in that directory's entry, whose name ends with the suffix; `undefined` for everything else. */
export function chunkOf(
  prefix: string,
  { name, attributes }: SftpEntry,
  suffix: string | undefined,
): NamedChunk | undefined {
  const chunk = parseChunkName(name, suffix);
  return chunk?.id.startsWith(prefix) && isRegular(attributes) ? chunk : undefined;
}

/** A name for an index while it is written. */
export function temporaryIndexName(): string {
  return INDEX_PREFIX + crypto.randomUUID();
}

/** Whether the entry is a chunk's stale temporary file. `now` is the time by the server's clock, in milliseconds. */
export function isStaleFile({ name, attributes }: SftpEntry, now: number): boolean {
  return (name.startsWith(TEMPORARY_PREFIX) || TEMPORARY_BY_DESYNC.test(name)) && isStale(attributes, now);
}

/** Whether the entry is an index's stale temporary file, in the same way. */
export function isStaleIndex({ name, attributes }: SftpEntry, now: number): boolean {
  return name.startsWith(INDEX_PREFIX) && UUID.test(name.slice(INDEX_PREFIX.length)) &&
    isStale(attributes, now);
}

function isStale(attributes: SftpAttributes, now: number): boolean {
  const { mtime } = attributes;
  return isRegular(attributes) && mtime !== undefined && now - mtime * 1000 >= STALE_AGE_MS;
}
