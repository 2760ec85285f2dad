/** From a chunk as a store holds it to bytes that are what the id says. Everything that is read passes here. */
import { toHex, withoutNodesKind } from "../core/bytes.ts";
import type { ChunkCipher } from "./chunk_cipher.ts";
import { type ChunkId, type DigestName, MAX_CHUNK_SIZE, type StoredChunk } from "../core/chunk.ts";
import { DesyncError, type ErrorCode } from "../core/errors.ts";
import { type Codec, type CompressingCodec, compressionOf, DEFAULT_ZSTD_LEVEL, digestAll } from "./codec.ts";
import { tooLarge } from "./limits.ts";
import { parseZstdFrameHeader, zstdFrameLength } from "./zstd_frame.ts";

/** What the chunk has to be. */
export interface ExpectedChunk {
  /** What its digest has to be. */
  readonly id: ChunkId;
  /** Which digest that is. */
  readonly digest: DigestName;
  /** Bytes that the index says it has; unknown when only a store is checked. */
  readonly size?: number;
}

let verified: (id: ChunkId, bytes: Uint8Array, stored: StoredChunk) => OpenedChunk;
let unverifiedBytes: (chunk: UnpackedChunk) => Uint8Array;

/**
 * A chunk that was verified by another thread of this program: its class is lost between threads. For `src/workers/` alone,
 * which tests/imports_test.ts checks.
 */
export let trustChunk: (id: ChunkId, stored: StoredChunk) => VerifiedChunk;

/** The chunk as an encrypted store gets it: the same if it is encrypted already. */
export let sealChunk: (chunk: VerifiedChunk, cipher: ChunkCipher) => VerifiedChunk;

/**
 * A chunk that is what its id says. Only {@linkcode openChunk} and {@linkcode hashChunk} make one, so that nothing else can
 * be put into a store.
 *
 * @example A chunk from store to store, verified on the way
 * ```ts
 * import { hashChunk, MemoryStore, openChunk, portableCodec, type VerifiedChunk } from "@desync/desync";
 *
 * const [from, to] = [new MemoryStore("from"), new MemoryStore("to")];
 * const { id } = hashChunk(portableCodec, "sha512-256", new TextEncoder().encode("some bytes"));
 * const stored = await from.get(id);
 * if (stored !== null) {
 *   const chunk: VerifiedChunk = openChunk(portableCodec, stored, { id, digest: "sha512-256" });
 *   await to.put(chunk);
 * }
 * ```
 */
export class VerifiedChunk {
  /** Makes the class unlike any object with the same fields. */
  readonly #isVerified = true;
  /** The digest of the chunk's bytes. */
  readonly id: ChunkId;
  /** What a store gets of it. */
  readonly stored: StoredChunk;

  static {
    trustChunk = (id, stored) => new VerifiedChunk(id, stored);
    sealChunk = (chunk, cipher) => {
      const { key } = cipher;
      const { id, stored: { form, bytes, encryption } } = chunk;
      if (encryption === undefined) {
        return new VerifiedChunk(id, { form, bytes: cipher.seal(bytes), encryption: key });
      }
      if (encryption.suffix === key.suffix) return chunk;
      throw new TypeError("a chunk that is encrypted with another key");
    };
  }

  /** Only an {@linkcode OpenedChunk} is one. */
  protected constructor(id: ChunkId, stored: StoredChunk) {
    this.id = id;
    this.stored = stored;
  }
}

/**
 * The same with its bytes.
 *
 * @example The bytes of a chunk
 * ```ts
 * import { hashChunk, portableCodec } from "@desync/desync";
 *
 * const chunk = hashChunk(portableCodec, "sha512-256", new Uint8Array(100));
 * if (chunk.bytes.length !== 100) throw new Error("they are what was hashed");
 * ```
 */
export class OpenedChunk extends VerifiedChunk {
  /** Uncompressed. In a chunk that is stored plain they are those of {@linkcode VerifiedChunk.stored}. */
  readonly bytes: Uint8Array;

  static {
    verified = (id, bytes, stored) => new OpenedChunk(id, bytes, stored);
  }

  private constructor(id: ChunkId, bytes: Uint8Array, stored: StoredChunk) {
    super(id, stored);
    this.bytes = bytes;
  }
}

/** A chunk that is decompressed, and not verified: only {@linkcode openChunks} sees its bytes. */
export class UnpackedChunk {
  readonly #bytes: Uint8Array;
  /** As it came, but decrypted. */
  readonly stored: StoredChunk;
  /** What it has to be. */
  readonly expected: ExpectedChunk;

  static {
    unverifiedBytes = (chunk) => chunk.#bytes;
  }

  /** For {@linkcode unpackChunk}. */
  constructor(bytes: Uint8Array, stored: StoredChunk, expected: ExpectedChunk) {
    this.#bytes = bytes;
    this.stored = stored;
    this.expected = expected;
  }

  /** How many bytes it has. */
  get size(): number {
    return this.#bytes.length;
  }

  /** Whether its bytes lie in the same buffer as these. */
  isIn({ buffer }: Uint8Array): boolean {
    return this.#bytes.buffer === buffer;
  }
}

/**
 * The chunk, decrypted, decompressed and verified. Throws `invalid-chunk`, its message being the reason alone (the caller knows in
 * which store the chunk was, see {@linkcode invalidChunk}); `wrong-digest` when the other digest gives its id; `unsupported`
 * when it is compressed in a way that cannot be read here, or is encrypted and the codec has no ciphers.
 *
 * @example A chunk's file, decompressed and verified
 * ```ts
 * import { chunkPath, openChunk, portableCodec } from "@desync/desync";
 *
 * const id = "16b1c96db6c7d6f593e18793030220c1c43918fd1b3b102804c10ef55213260b";
 * const bytes = await Deno.readFile(`testdata/casync-zstd.castr/${chunkPath(id, "compressed")}`);
 * const chunk = openChunk(portableCodec, { form: "compressed", bytes }, { id, digest: "sha512-256" });
 * if (chunk.bytes.length !== 51_970) throw new Error("a part is missing");
 * ```
 */
export function openChunk(codec: Codec, chunk: StoredChunk, expected: ExpectedChunk): OpenedChunk {
  const unpacked = unpackChunk(codec, chunk, expected);
  return judge(codec, unpacked, codec.digest(expected.digest, unverifiedBytes(unpacked)));
}

/**
 * The first half of that, for {@linkcode openChunks}: it throws what {@linkcode openChunk} finds before it hashes. The bytes
 * have to stay as they are until then: those of a chunk that is stored plain, and those in `room`, at whose start others
 * may be put.
 */
export function unpackChunk(
  codec: Codec,
  chunk: StoredChunk,
  expected: ExpectedChunk,
  room?: Uint8Array,
): UnpackedChunk {
  const stored = decrypted(codec, chunk);
  const bytes = plainBytes(codec, stored, expected.size, room);
  if (expected.size !== undefined && bytes.length !== expected.size) {
    throw invalid(`it has ${bytes.length} bytes instead of ${expected.size}`);
  }
  return new UnpackedChunk(bytes, stored, expected);
}

/**
 * The other half, for several at once: hashing them together may be faster. In their order each chunk, or what
 * {@linkcode openChunk} would have thrown for it; errors of {@linkcode unpackChunk} stay in their places.
 */
export function openChunks(
  codec: Codec,
  chunks: readonly (UnpackedChunk | DesyncError)[],
): (OpenedChunk | DesyncError)[] {
  const unpacked = chunks.filter((chunk) => chunk instanceof UnpackedChunk);
  const digests = new Map<UnpackedChunk, Uint8Array>();
  for (const name of new Set(unpacked.map(({ expected }) => expected.digest))) {
    const same = unpacked.filter(({ expected }) => expected.digest === name);
    for (const [i, digest] of digestAll(codec, name, same.map(unverifiedBytes)).entries()) {
      digests.set(same[i], digest);
    }
  }
  return chunks.map((chunk) => {
    if (!(chunk instanceof UnpackedChunk)) return chunk;
    return orItsError(() => judge(codec, chunk, digests.get(chunk)!));
  });
}

/** The result, or the error about it. */
export function orItsError<T>(make: () => T): T | DesyncError {
  try {
    return make();
  } catch (error) {
    if (error instanceof DesyncError) return error;
    throw error;
  }
}

function judge(codec: Codec, unpacked: UnpackedChunk, digest: Uint8Array): OpenedChunk {
  const { expected, stored } = unpacked;
  const bytes = unverifiedBytes(unpacked);
  const found = toHex(digest);
  if (found !== expected.id) throw wrongDigest(codec, bytes, expected, found);
  return verified(found, bytes, stored);
}

/**
 * The same by whichever digest gives the id: for servers, whose requests do not name one. `most` is how many bytes it may
 * decompress to.
 */
export function openByEitherDigest(
  codec: Codec,
  chunk: StoredChunk,
  id: ChunkId,
  most: number = MAX_CHUNK_SIZE,
): OpenedChunk {
  const stored = decrypted(codec, chunk);
  const bytes = plainBytes(codec, stored, most);
  const found = toHex(codec.digest("sha512-256", bytes));
  if (found !== id && toHex(codec.digest("sha256", bytes)) !== id) {
    throw invalid(`its sha512-256 digest is ${found}, its sha256 digest another one`);
  }
  return verified(id, bytes, stored);
}

/**
 * The bytes as a chunk, to be stored plain unless {@linkcode compressChunk} follows.
 *
 * @example Bytes into a store
 * ```ts
 * import { hashChunk, MemoryStore, portableCodec } from "@desync/desync";
 *
 * const store = new MemoryStore();
 * const chunk = hashChunk(portableCodec, "sha512-256", new TextEncoder().encode("some bytes"));
 * await store.put(chunk);
 * if (!(await store.has(chunk.id))) throw new Error("it is there");
 * ```
 */
export function hashChunk(codec: Codec, digest: DigestName, bytes: Uint8Array): OpenedChunk {
  return hashChunks(codec, digest, [bytes])[0];
}

/** The same for several, which together may take less time. */
export function hashChunks(codec: Codec, digest: DigestName, pieces: readonly Uint8Array[]): OpenedChunk[] {
  const own = pieces.map(withoutNodesKind);
  const ids = digestAll(codec, digest, own);
  return own.map((bytes, i) => verified(toHex(ids[i]), bytes, { form: "plain", bytes }));
}

/**
 * The chunk, to be stored compressed with zstd. One that is, is left as it is.
 *
 * @example Bytes into a store, compressed
 * ```ts
 * import { compressChunk, hashChunk, MemoryStore } from "@desync/desync";
 * import { nativeCodec } from "@desync/desync/deno";
 *
 * const store = new MemoryStore();
 * const chunk = hashChunk(nativeCodec, "sha512-256", new Uint8Array(1_000_000));
 * const { storedBytes } = await store.put(compressChunk(nativeCodec, chunk));
 * if (storedBytes > 1000) throw new Error("zeros take few bytes");
 * ```
 */
export function compressChunk(
  codec: CompressingCodec,
  chunk: OpenedChunk,
  level: number = DEFAULT_ZSTD_LEVEL,
): OpenedChunk {
  if (isZstd(chunk.stored)) return chunk;
  const { id, bytes } = chunk;
  return verified(id, bytes, { form: "compressed", bytes: codec.compress(bytes, level) });
}

/** The same, stored plain. */
export function plainChunk(chunk: OpenedChunk): OpenedChunk {
  const { id, bytes, stored } = chunk;
  return stored.form === "plain" ? chunk : verified(id, bytes, { form: "plain", bytes });
}

/** Whether a chunk is compressed with zstd, which every reader of stores knows. */
export function isZstd(stored: StoredChunk): boolean {
  return stored.form === "compressed" && compressionOf(stored.bytes) === "zstd";
}

function decrypted(codec: Codec, stored: StoredChunk): StoredChunk {
  const { form, bytes, encryption } = stored;
  if (encryption === undefined) return stored;
  if (codec.decrypt === undefined) throw new DesyncError("unsupported", { reason: "it is encrypted" });
  return { form, bytes: codec.decrypt(encryption, bytes) };
}

function plainBytes(
  codec: Codec,
  { form, bytes }: StoredChunk,
  size?: number,
  room?: Uint8Array,
): Uint8Array {
  return withoutNodesKind(form === "plain" ? bytes : decompressed(codec, bytes, size, room));
}

function decompressed(
  codec: Codec,
  bytes: Uint8Array,
  size: number | undefined,
  room: Uint8Array | undefined,
): Uint8Array {
  if (bytes.length === 0) throw invalid("its file is empty");
  const compression = compressionOf(bytes);
  if (compression === undefined) throw invalid("it is not compressed data");
  const limit = size ?? MAX_CHUNK_SIZE;
  // Before anything is decompressed: it is too large, or lies.
  if (compression === "zstd" && (parseZstdFrameHeader(bytes)?.contentSize ?? 0) > limit) {
    throw tooLarge(limit);
  }
  return codec.decompress(compression, bytes, limit, room);
}

/** The size that a chunk says it has uncompressed, `undefined` unless it is plain or one frame of zstd that states it. */
export function claimedSize({ form, bytes }: StoredChunk): number | undefined {
  if (form === "plain") return bytes.length;
  return zstdFrameLength(bytes) === bytes.length ? parseZstdFrameHeader(bytes)?.contentSize : undefined;
}

/** Distinguishes damaged data from the digest's name being wrong: an easy mistake with a confusing effect. */
function wrongDigest(codec: Codec, bytes: Uint8Array, expected: ExpectedChunk, found: string): DesyncError {
  const other: DigestName = expected.digest === "sha256" ? "sha512-256" : "sha256";
  if (toHex(codec.digest(other, bytes)) !== expected.id) {
    return invalid(`its ${expected.digest} digest is ${found}`);
  }
  const reason = `its id is its ${other} digest, but ${expected.digest} is expected`;
  return new DesyncError("wrong-digest", { reason, hint: "is the digest right?" });
}

function invalid(reason: string): DesyncError {
  return new DesyncError("invalid-chunk", { reason });
}

/** Whether the error is about a chunk that was refused, by {@linkcode openChunk} or where it was read. */
export function isInvalid(error: unknown): error is DesyncError {
  return error instanceof DesyncError && INVALID.has(error.code);
}

const INVALID: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["invalid-chunk", "wrong-digest", "unsupported"]);

/** The error for a chunk that could not be judged. One that says already what could not be read is returned as it is. */
export function unreadableChunk(id: ChunkId, where: string, error: DesyncError): DesyncError {
  return error.withContext({ action: "read", subject: `chunk ${id} in ${where}` });
}

/**
 * The error for a chunk that failed {@linkcode openChunk}, with all that a user needs to find it. `store` is the location
 * alone, where `where` has more words; `retriable` for a store that may have another copy at the next try.
 */
export function invalidChunk(
  id: ChunkId,
  where: string,
  error: DesyncError,
  whatToDo: string,
  store: string = where,
  retriable = false,
): DesyncError {
  const chunk = `${id} in ${where}`;
  const about = { chunk: id, store };
  if (error.code === "unsupported") return unreadableChunk(id, where, error.with(about));
  const isDamaged = error.code === "invalid-chunk";
  return error.with({
    action: undefined,
    subject: `Chunk ${chunk}`,
    reason: `is invalid: ${error.reason}`,
    hint: isDamaged ? whatToDo : error.hint,
    retriable: retriable && isDamaged,
    ...about,
  });
}
