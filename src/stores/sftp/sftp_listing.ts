/** What lies in a store: chunks, and what killed writers left. Everything else is ignored. */
import { type NamedChunk, parseChunkName, TEMPORARY_PREFIX } from "../../core/chunk.ts";
import { isRegular, type SftpEntry } from "./sftp_packets.ts";

/** desync's temporary names: the chunk's, and a random number of 63 bits. */
const TEMPORARY_BY_DESYNC = /^[0-9a-f]{64}\.cacnk[0-9]{1,19}$/;

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

/** Whether the entry is a stale temporary file. `aheadMs` is how far this machine's clock is ahead of the server's. */
export function isStaleFile({ name, attributes }: SftpEntry, aheadMs: number): boolean {
  if (!name.startsWith(TEMPORARY_PREFIX) && !TEMPORARY_BY_DESYNC.test(name)) return false;
  const { mtime } = attributes;
  return isRegular(attributes) && mtime !== undefined &&
    Date.now() - aheadMs - mtime * 1000 >= STALE_AGE_MS;
}
