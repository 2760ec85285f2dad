/**
 * casync's chunk stores and indexes for any JavaScript runtime: the part of desync that needs nothing but web
 * standards. What needs Deno (local stores, worker threads, files) is in `./src/deno/mod.ts`.
 *
 * @example Read a part of a blob out of a store on a web server
 * ```ts
 * import { ChunkedBlob, HttpStore, Index, MemoryStore, parseIndex, serializeIndex } from "@desync/desync";
 *
 * // In real life: await (await fetch("https://example.com/image.caibx")).bytes()
 * const header = { flags: 0xb000000000000000n, sizes: { min: 16384, avg: 65536, max: 262144 } };
 * const file = serializeIndex(new Index(header, new Float64Array(0), new Uint8Array(0)));
 *
 * const index = parseIndex(file);
 * const blob = ChunkedBlob.open(index, new HttpStore("https://example.com/store/"));
 * const head = await blob.slice(0, 4096).bytes();
 * if (head.length !== Math.min(4096, blob.size)) throw new Error("a part is missing");
 * ```
 *
 * @example Build a blob into any WritableStream
 * ```ts
 * import { extract, Index, MemoryStore } from "@desync/desync";
 *
 * const header = { flags: 0xb000000000000000n, sizes: { min: 16384, avg: 65536, max: 262144 } };
 * const index = new Index(header, new Float64Array(0), new Uint8Array(0));
 * const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
 * const done = extract(index, new MemoryStore(), writable);
 * const built = await new Response(readable).bytes();
 * await done;
 * if (built.length !== index.size) throw new Error("a part is missing");
 * ```
 *
 * @module
 */
export { DesyncError, type ErrorCode } from "./src/errors.ts";
export {
  type ChunkId,
  chunkPath,
  type ChunkSizes,
  type DigestName,
  isChunkId,
  parseChunkId,
  type StoredChunk,
  type StoredForm,
} from "./src/chunk.ts";
export {
  BLOB_FLAGS,
  FLAG_SHA512_256,
  Index,
  type IndexHeader,
  parseIndex,
  serializeIndex,
} from "./src/formats/index.ts";
export { IndexBuilder } from "./src/formats/index_builder.ts";
export { encodeMessage, type Message, MessageDecoder } from "./src/formats/protocol.ts";
export { DEFAULT_CHUNK_SIZES } from "./src/chunker/params.ts";
export { cutPoints } from "./src/chunker/find.ts";
export { ChunkerStream } from "./src/chunker/stream.ts";
export { type Codec, type Compression } from "./src/codec/codec.ts";
export { portableCodec } from "./src/codec/portable.ts";
export { type ExpectedChunk, openChunk } from "./src/codec/open_chunk.ts";
export { type ChunkStore, type Sources, type WritableChunkStore } from "./src/stores/store.ts";
export { HttpStore, type HttpStoreOptions } from "./src/stores/http.ts";
export { type Fetch, type HttpOptions } from "./src/stores/http_client.ts";
export { MemoryStore } from "./src/stores/memory.ts";
export { DEFAULT_RETRY, type RetryOptions, RetryStore } from "./src/stores/retry.ts";
export { DEFAULT_LIMITS, type LimiterOptions } from "./src/stores/limiter.ts";
export { type Connection, type SessionOptions } from "./src/stores/protocol_client.ts";
export { ProtocolStore, type ProtocolStoreOptions } from "./src/stores/protocol_store.ts";
export { ChunkReader } from "./src/stores/chain.ts";
export { type BlobOptions, ChunkedBlob } from "./src/jobs/blob.ts";
export { extract, type ExtractStreamOptions } from "./src/jobs/extract_stream.ts";
export { serveChunks, type ServeOptions } from "./src/jobs/serve_protocol.ts";
