/** Chunks that clients upload: each is verified before it is stored. */
import {
  type ChunkId,
  MAX_CHUNK_SIZE,
  maxStoredSize,
  type StoredChunk,
  type StoredForm,
} from "../../core/chunk.ts";
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import { type Codec, DEFAULT_ZSTD_LEVEL } from "../../codec/codec.ts";
import { type ChunkEncoding, encodeIfPossible } from "../../codec/encode_chunk.ts";
import { claimedSize, isInvalid, openByEitherDigest, type VerifiedChunk } from "../../codec/open_chunk.ts";
import { portableCodec } from "../../codec/portable.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { Yielder } from "../../core/yielder.ts";
import { limitRemote } from "../../stores/wrappers/limit_store.ts";
import { type ChunkStore, takesChunks, type WritableChunkStore } from "../../stores/store.ts";
import type { ServerRequest } from "../handler.ts";
import { BodyMemory } from "../request_body.ts";
import { SharedRequests } from "../shared_requests.ts";
import { plainAnswer, Refused } from "../statuses.ts";

/** Verifies the chunk, whose bytes it may take away, by either digest. Throws what {@linkcode openByEitherDigest} throws. */
export type OpenElsewhere = (
  chunk: { readonly id: ChunkId; readonly stored: StoredChunk; readonly encoding: ChunkEncoding },
) => Promise<VerifiedChunk>;

/** How {@linkcode ChunkUploads} stores. */
export interface ChunkUploadsOptions {
  /** Verifies, and compresses if it can. Default: JavaScript that runs anywhere, which cannot. */
  readonly codec?: Codec;
  /** Decrypts what is uploaded. Default: it is not encrypted. */
  readonly cipher?: ChunkCipher;
  /** How chunks are stored. Default: as they come, if that is zstd or plain. */
  readonly form?: ChunkEncoding["form"];
  /** zstd's level, for chunks that have to be compressed. Default: 3. */
  readonly level?: number;
  /** Verifies and encodes large chunks on another thread. Default: as all others, while requests wait. */
  readonly openElsewhere?: OpenElsewhere;
  /** Bytes of uploads that may be in memory; beyond that, clients get 503. Default: 256 MiB. */
  readonly memoryBytes?: number;
}

const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024;

/** Larger chunks take more than about 5 ms: other requests should not wait for as long. */
const LARGE_BYTES = 1024 * 1024;

/** What a piece of a body takes besides its bytes. Measured: 320 bytes for a piece of one. */
const PIECE_BYTES = 512;

/** Adds chunks to one store, each once however many clients upload it at a time. */
export class ChunkUploads {
  readonly #store: WritableChunkStore;
  readonly #codec: Codec;
  readonly #cipher: ChunkCipher | undefined;
  readonly #encoding: ChunkEncoding;
  readonly #openElsewhere: OpenElsewhere | undefined;
  readonly #bodies: BodyMemory;
  readonly #writes = new SharedRequests<void>();

  /** Throws `usage` when nothing can be added to the store. */
  constructor(store: ChunkStore, options: ChunkUploadsOptions = {}) {
    if (!takesChunks(store)) {
      throw new DesyncError("usage", {
        action: "store chunks in",
        subject: store.properties.location,
        reason: "nothing can be written to it",
      });
    }
    this.#store = limitRemote(store);
    this.#codec = options.codec ?? portableCodec;
    this.#cipher = options.cipher;
    this.#encoding = { form: options.form ?? "as it came", level: options.level ?? DEFAULT_ZSTD_LEVEL };
    this.#openElsewhere = options.openElsewhere;
    this.#bodies = new BodyMemory(options.memoryBytes ?? DEFAULT_MEMORY_BYTES);
  }

  /**
   * Stores the chunk that the body is, unless the store has it. Throws `Refused` for a body that is not taken, and what the
   * store throws.
   */
  async store(id: ChunkId, form: StoredForm, request: ServerRequest): Promise<void> {
    const isBare = form === "plain" && this.#cipher === undefined;
    const limit = isBare ? MAX_CHUNK_SIZE : maxStoredSize(MAX_CHUNK_SIZE);
    const pieces: Uint8Array[] = [];
    const take = (piece: Uint8Array) => void pieces.push(piece);
    await this.#bodies.withBody(request, { limit, pieceBytes: PIECE_BYTES, take }, async (hold) => {
      const encoded = await this.#opened({ form, bytes: await joined(pieces.splice(0)) }, id, hold);
      // Without the signal of the client: a verified chunk is stored even if the client has left.
      await this.#writes.get(id, () => this.#write(id, encoded));
    });
  }

  /** Resolves when nothing is being stored. */
  async idle(): Promise<void> {
    await this.#writes.idle();
  }

  async #write(id: ChunkId, encoded: () => VerifiedChunk): Promise<void> {
    // Asking would be fetching it.
    if (this.#store.properties.probe === "cheap" && await this.#store.has(id)) {
      await this.#store.touch?.(id);
      return;
    }
    await this.#store.put(encoded());
  }

  /** The chunk that a client sent, to be encoded when it is stored. */
  async #opened(
    { form, bytes }: StoredChunk,
    id: ChunkId,
    hold: (bytes: number) => void,
  ): Promise<() => VerifiedChunk> {
    const encoding = this.#encoding;
    try {
      const stored = { form, bytes: this.#cipher?.open(bytes) ?? bytes };
      const size = claimedSize(stored);
      if (this.#openElsewhere !== undefined && (size === undefined || size > LARGE_BYTES)) {
        const { length } = bytes;
        const chunk = await this.#openElsewhere({ id, stored, encoding });
        // In the place of the bytes that came, which are gone.
        const more = chunk.stored.bytes.length - length;
        if (more > 0) hold(more);
        return () => chunk;
      }
      const chunk = openByEitherDigest(this.#codec, stored, id, Math.min(size ?? Infinity, MAX_CHUNK_SIZE));
      if (stored.form === "compressed") hold(chunk.bytes.length);
      return () => encodeIfPossible(this.#codec, chunk, encoding);
    } catch (error) {
      if (!isInvalid(error)) throw error;
      const status = error.code === "unsupported" ? 415 : 400;
      throw new Refused(plainAnswer(status, `the body is not the chunk: ${messageOf(error)}`));
    }
  }
}

/** The pieces in one, while other requests are answered. */
async function joined(pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const yielder = new Yielder();
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
    await yielder.yieldIfDue();
  }
  return whole;
}
