/** From a chunk as a store holds it to bytes that are what the id says. Everything that is read passes here. */
import { toHex } from "../bytes.ts";
import { type ChunkId, type DigestName, MAX_CHUNK_SIZE, type StoredChunk } from "../chunk.ts";
import { DesyncError, type ErrorCode, messageOf } from "../errors.ts";
import { type Codec, compressionOf } from "./codec.ts";

/** What the chunk has to be. */
export interface ExpectedChunk {
  /** What its digest has to be. */
  readonly id: ChunkId;
  /** Which digest that is. */
  readonly digest: DigestName;
  /** Bytes that the index says it has; unknown when only a store is checked. */
  readonly size?: number;
}

/**
 * The chunk's bytes, verified. Throws `invalid-chunk`, its message being the reason alone (the caller knows in which
 * store the chunk was, see {@linkcode invalidChunk}); `wrong-digest` when the other digest gives its id; `unsupported` when it is compressed in a way that cannot be
 * read here.
 *
 * @example A chunk's file, decompressed and verified
 * ```ts
 * import { chunkPath, openChunk, portableCodec } from "@desync/desync";
 *
 * const id = "16b1c96db6c7d6f593e18793030220c1c43918fd1b3b102804c10ef55213260b";
 * const bytes = await Deno.readFile(`testdata/casync-zstd.castr/${chunkPath(id, "compressed")}`);
 * const chunk = openChunk(portableCodec, { form: "compressed", bytes }, { id, digest: "sha512-256" });
 * if (chunk.length !== 51_970) throw new Error("a part is missing");
 * ```
 */
export function openChunk(codec: Codec, stored: StoredChunk, expected: ExpectedChunk): Uint8Array {
  const bytes = stored.form === "plain" ? stored.bytes : decompressed(codec, stored.bytes, expected.size);
  if (expected.size !== undefined && bytes.length !== expected.size) {
    throw new DesyncError("invalid-chunk", `it has ${bytes.length} bytes instead of ${expected.size}`);
  }
  const found = toHex(codec.digest(expected.digest, bytes));
  if (found !== expected.id) throw wrongDigest(codec, bytes, expected, found);
  return bytes;
}

function decompressed(codec: Codec, bytes: Uint8Array, size: number | undefined): Uint8Array {
  if (bytes.length === 0) throw new DesyncError("invalid-chunk", "its file is empty");
  const compression = compressionOf(bytes);
  if (compression === undefined) throw new DesyncError("invalid-chunk", "it is not compressed data");
  return codec.decompress(compression, bytes, size ?? MAX_CHUNK_SIZE);
}

/** Tells damaged data from the digest's name being wrong: an easy mistake with a confusing effect. */
function wrongDigest(codec: Codec, bytes: Uint8Array, expected: ExpectedChunk, found: string): DesyncError {
  const other: DigestName = expected.digest === "sha256" ? "sha512-256" : "sha256";
  if (toHex(codec.digest(other, bytes)) !== expected.id) {
    return new DesyncError("invalid-chunk", `its ${expected.digest} digest is ${found}`);
  }
  return new DesyncError(
    "wrong-digest",
    `its id is its ${other} digest, but ${expected.digest} is expected (is the digest right?)`,
  );
}

/** Whether the error is about a chunk that was refused, by {@linkcode openChunk} or where it was read. */
export function isInvalid(error: unknown): error is DesyncError {
  return error instanceof DesyncError && INVALID.has(error.code);
}

const INVALID: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["invalid-chunk", "wrong-digest", "unsupported"]);

/**
 * The error for a chunk that failed {@linkcode openChunk}, with all that a user needs to find it. `store` is the location
 * alone, where `where` has more words.
 */
export function invalidChunk(
  id: ChunkId,
  where: string,
  error: unknown,
  whatToDo: string,
  store: string = where,
): DesyncError {
  const code = error instanceof DesyncError ? error.code : "invalid-chunk";
  const help = code === "invalid-chunk" ? `; ${whatToDo}` : "";
  const what = `${code === "unsupported" ? "cannot be read" : "is invalid"}: ${messageOf(error)}${help}`;
  return new DesyncError(code, `Chunk ${id} in ${where} ${what}`, { chunk: id, store });
}
