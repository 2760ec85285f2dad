/** What lies in a store: chunks, and what killed writers left. Everything else is ignored. */
import { COMPRESSED_SUFFIX, isChunkId, type StoredForm } from "../../core/chunk.ts";
import type { RemovedChunk } from "../store.ts";
import { isRegular, type SftpEntry } from "./sftp_packets.ts";

/** What the names of chunks begin with while they are written: as in directories. */
export const TEMPORARY_PREFIX = ".tmp-cacnk";

/** desync's temporary names: the chunk's, and a random number of 63 bits. */
const TEMPORARY_BY_DESYNC = /^[0-9a-f]{64}\.cacnk[0-9]{1,19}$/;

/** No program writes a chunk for so long: an older temporary file was left by a killed one. */
const STALE_AGE_MS = 24 * 60 * 60 * 1000;

/** Whether a directory has the name of those that chunks are in. */
export function isPrefix(name: string): boolean {
  return /^[0-9a-f]{4}$/.test(name);
}

/** The chunk in that directory's entry, `undefined` for everything else. */
export function chunkOf(prefix: string, { name, attributes }: SftpEntry): RemovedChunk | undefined {
  const form: StoredForm = name.endsWith(COMPRESSED_SUFFIX) ? "compressed" : "plain";
  const id = form === "plain" ? name : name.slice(0, -COMPRESSED_SUFFIX.length);
  return isChunkId(id) && id.startsWith(prefix) && isRegular(attributes) ? { id, form } : undefined;
}

/** Whether the entry is a stale temporary file. `aheadMs` is how far this machine's clock is before the server's. */
export function isStaleFile({ name, attributes }: SftpEntry, aheadMs: number): boolean {
  if (!name.startsWith(TEMPORARY_PREFIX) && !TEMPORARY_BY_DESYNC.test(name)) return false;
  const { mtime } = attributes;
  return isRegular(attributes) && mtime !== undefined &&
    Date.now() - aheadMs - mtime * 1000 >= STALE_AGE_MS;
}
