/**
 * What a chunk is called and in which forms it lies in a store.
 *
 * A chunk's id is the digest of its uncompressed bytes. In this library it is the 64 lower-case hexadecimal
 * digits that also name its file: easy to compare, to print and to use as a key.
 */
import type { ChunkKey } from "./chunk_key.ts";
import { DesyncError } from "./errors.ts";

/** 64 lower-case hexadecimal digits: the digest of a chunk's uncompressed bytes. */
export type ChunkId = string;

/** How a digest is made. An index says by a feature flag which one its ids are. */
export type DigestName = "sha512-256" | "sha256";

/** How a store holds a chunk: `compressed` (zstd; gzip and xz from casync) or `plain`. */
export type StoredForm = "compressed" | "plain";

/** A chunk as it came out of a store: not yet verified against its id. */
export interface StoredChunk {
  /** Whether {@linkcode bytes} have to be decompressed. */
  readonly form: StoredForm;
  /** As stored. */
  readonly bytes: Uint8Array;
  /** The key with which the bytes are still encrypted. Default: they are not. */
  readonly encryption?: ChunkKey;
}

/** The sizes that chunks were cut to, in bytes. Only the last chunk may be smaller than `min`; none is larger than `max`. */
export interface ChunkSizes {
  /** Only the last chunk of a blob may be smaller. */
  readonly min: number;
  /** The size that chunks of random data have on average. */
  readonly avg: number;
  /** No chunk is larger. */
  readonly max: number;
}

/** Bytes in a chunk id. */
export const ID_BYTES = 32;

/** No chunk is larger: 128 MiB, casync's own limit (CA_CHUNK_SIZE_LIMIT_MAX). */
export const MAX_CHUNK_SIZE: number = 128 * 1024 * 1024;

/** Ending of the file that holds a compressed chunk. */
export const COMPRESSED_SUFFIX = ".cacnk";

const ID_PATTERN = /^[0-9a-f]{64}$/;

/**
 * Whether the text is a chunk id as it is written in file names.
 *
 * @example Find chunks among other names
 * ```ts
 * import { isChunkId } from "@desync/desync";
 *
 * const names = ["readme.txt", "ab".repeat(32)];
 * if (names.filter(isChunkId).length !== 1) throw new Error("one of them is a chunk's");
 * ```
 */
export function isChunkId(text: string): boolean {
  return ID_PATTERN.test(text);
}

/**
 * The id written in the text, upper case allowed. Throws `invalid-id` otherwise.
 *
 * @example An id that a user typed
 * ```ts
 * import { parseChunkId } from "@desync/desync";
 *
 * if (parseChunkId("AB".repeat(32)) !== "ab".repeat(32)) throw new Error("it is written in lower case");
 * ```
 */
export function parseChunkId(text: string): ChunkId {
  const id = text.toLowerCase();
  if (!isChunkId(id)) {
    throw new DesyncError("invalid-id", {
      action: "use",
      subject: `${JSON.stringify(text)} as a chunk id`,
      reason: "it is not 64 hex digits",
    });
  }
  return id;
}

/**
 * Where a store keeps the chunk, relative to its root: `abcd/abcd….cacnk`, without the ending when it is plain. An encrypted
 * one has a further ending, its `suffix`.
 *
 * @example Where to look for a chunk
 * ```ts
 * import { chunkPath, parseChunkId } from "@desync/desync";
 *
 * const id = parseChunkId("16b1c96db6c7d6f593e18793030220c1c43918fd1b3b102804c10ef55213260b");
 * await Deno.stat(`testdata/casync-zstd.castr/${chunkPath(id, "compressed")}`);
 * ```
 */
export function chunkPath(id: ChunkId, form: StoredForm, suffix: string = ""): string {
  return `${id.substring(0, 4)}/${id}${form === "compressed" ? COMPRESSED_SUFFIX : ""}${suffix}`;
}

/** Whether a directory of a store has the name of those that chunks are in: `abcd`. */
export function isChunkPrefix(name: string): boolean {
  return /^[0-9a-f]{4}$/.test(name);
}

/** What the names of chunks begin with while they are written, as desync's do. */
export const TEMPORARY_PREFIX = ".tmp-cacnk";

/** A chunk in one form. */
export interface NamedChunk {
  /** Its id. */
  readonly id: ChunkId;
  /** How it is stored. */
  readonly form: StoredForm;
}

/** The chunk whose file has that name, without its directory; `undefined` for any other name. */
export function parseChunkName(name: string, suffix: string = ""): NamedChunk | undefined {
  if (!name.endsWith(suffix)) return undefined;
  const own = name.slice(0, name.length - suffix.length);
  const form = own.endsWith(COMPRESSED_SUFFIX) ? "compressed" : "plain";
  const id = form === "plain" ? own : own.slice(0, -COMPRESSED_SUFFIX.length);
  return isChunkId(id) ? { id, form } : undefined;
}

/** The most bytes that a chunk of up to `size` bytes may take in a store: what cannot be compressed grows a little. */
export function maxStoredSize(size: number): number {
  return size + Math.ceil(size / 64) + 64 * 1024;
}
