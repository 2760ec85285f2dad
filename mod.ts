/**
 * casync's chunk stores and indexes for any JavaScript runtime: the part of desync that needs nothing but web
 * standards. What needs Deno (local stores, worker threads, files) is in `./src/deno/mod.ts`.
 *
 * @example Read a part of a blob out of a store on a web server
 * ```ts
 * import { ChunkedBlob, HttpStore, Index, MemoryStore, parseIndex, serializeIndex } from "@desync/desync";
 *
 * // In real life: new Uint8Array(await (await fetch("https://example.com/image.caibx")).arrayBuffer())
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
 * const built = new Uint8Array(await new Response(readable).arrayBuffer());
 * await done;
 * if (built.length !== index.size) throw new Error("a part is missing");
 * ```
 *
 * @example List what is in an archive, and find one file of it by its tables alone
 * ```ts
 * import { blobAccess, ChunkedBlob, findParts, listTo, parseArchivePath } from "@desync/desync";
 * import { parseIndex, readArchive, readParts } from "@desync/desync";
 * import { LocalStore } from "@desync/desync/deno";
 *
 * // In real life: an index that was fetched, and new HttpStore("https://example.com/store/")
 * const index = parseIndex(await Deno.readFile("testdata/tree.caidx"));
 * const store = new LocalStore("testdata/tree.castr");
 *
 * const lines: string[] = [];
 * await readArchive(ChunkedBlob.open(index, store).stream(), listTo((line) => lines.push(line)));
 * if (!lines.includes("-rwxr-xr-x bin/run\n")) throw new Error("a line is missing");
 *
 * const access = blobAccess(ChunkedBlob.open(index, store, { keepBytes: 1 << 20 }));
 * const parts = await findParts(access, [parseArchivePath("bin/run")]);
 * let bytes = 0;
 * await readParts(({ start, end }) => access.pieces(start, end), parts, (event) => {
 *   if (event.type === "data") bytes += event.bytes.length;
 * });
 * if (bytes !== 19) throw new Error("a part is missing");
 * ```
 *
 * @example Write an archive of one's own nodes
 * ```ts
 * import { archiveStream, DEFAULT_FEATURES, readArchive } from "@desync/desync";
 *
 * const text = new TextEncoder().encode("hello\n");
 * const common = { features: DEFAULT_FEATURES, flags: 0n, uid: 0, gid: 0, mtime: 0n, xattrs: [] };
 * const { readable } = archiveStream(DEFAULT_FEATURES, async (onEvent) => {
 *   const root = { ...common, name: new Uint8Array(0), kind: "directory" as const, mode: 0o755, size: 0 };
 *   const name = new TextEncoder().encode("hello.txt");
 *   const file = { ...common, name, kind: "file" as const, mode: 0o644, size: text.length };
 *   await onEvent({ type: "node", node: root });
 *   await onEvent({ type: "node", node: file });
 *   await onEvent({ type: "data", bytes: text });
 *   await onEvent({ type: "end" });
 *   await onEvent({ type: "end" });
 * });
 * let nodes = 0;
 * await readArchive(readable, (event) => {
 *   if (event.type === "node") nodes++;
 * });
 * if (nodes !== 2) throw new Error("a node is missing");
 * ```
 *
 * @module
 */
export { DesyncError, type ErrorCode, type ErrorFields, type Problem } from "./src/core/errors.ts";
export {
  type ChunkId,
  chunkPath,
  type ChunkSizes,
  type DigestName,
  isChunkId,
  parseChunkId,
  type StoredChunk,
  type StoredForm,
} from "./src/core/chunk.ts";
export {
  BLOB_FLAGS,
  FLAG_SHA512_256,
  Index,
  type IndexHeader,
  serializeIndex,
} from "./src/formats/index/index.ts";
export { parseIndex } from "./src/formats/index/index_parser.ts";
export { IndexBuilder } from "./src/formats/index/index_builder.ts";
export {
  ArchiveDecoder,
  type ArchiveEvent,
  type ArchiveEventHandler,
} from "./src/formats/archive/archive.ts";
export {
  type Acl,
  type AclEntry,
  type ArchiveNode,
  type DefaultAcl,
  type NodeKind,
  type Xattr,
} from "./src/formats/archive/archive_elements.ts";
export { encodeMessage, type Message, MessageDecoder } from "./src/formats/protocol.ts";
export { DEFAULT_CHUNK_SIZES } from "./src/chunker/params.ts";
export { cutPoints } from "./src/chunker/find.ts";
export { ChunkerStream, type ChunkerStreamOptions } from "./src/chunker/stream.ts";
export { type ChunkCipher } from "./src/codec/chunk_cipher.ts";
export { type ChunkCipherName, type ChunkKey } from "./src/core/chunk_key.ts";
export { encryptedStore } from "./src/stores/wrappers/encrypted_store.ts";
export { type Codec, type CompressingCodec, type Compression } from "./src/codec/codec.ts";
export { portableCodec } from "./src/codec/portable.ts";
export {
  compressChunk,
  type ExpectedChunk,
  hashChunk,
  openChunk,
  type OpenedChunk,
  type VerifiedChunk,
} from "./src/codec/open_chunk.ts";
export {
  type BatchedStore,
  type BatchRequest,
  type ChunkStore,
  type GetOptions,
  type HasOptions,
  type ListedChunk,
  type ManagedChunkStore,
  managesChunks,
  type NearFailure,
  type NearHttpRequest,
  type NearRequest,
  type NearSessionRequest,
  type NearStore,
  type NearTurn,
  type PatchFetch,
  type PatchStore,
  type PutResult,
  type RemovedChunk,
  type RemoveOptions,
  type RemoveStaleOptions,
  type RequestOptions,
  type Sources,
  type StaleFiles,
  type StoreProperties,
  takesChunks,
  type WritableChunkStore,
} from "./src/stores/store.ts";
export { type StoreRequest, type WrapRequest, wrapStore } from "./src/stores/wrappers/wrap.ts";
export { HttpStore, type HttpStoreOptions } from "./src/stores/http/http_store.ts";
export { type AnswerBody, type AnswerBodyReader, type HttpAnswer } from "./src/stores/http/http_answer.ts";
export { type Fetch, type HttpOptions, type NearServer } from "./src/stores/http/http_client.ts";
export { S3Store, type S3StoreOptions } from "./src/stores/s3/s3_store.ts";
export { type S3Options } from "./src/stores/s3/s3_client.ts";
export { type S3Keys } from "./src/stores/s3/s3_signer.ts";
export { MemoryStore } from "./src/stores/memory.ts";
export { type Failover, FailoverGroup, type FailoverOptions } from "./src/stores/wrappers/failover.ts";
export { DEFAULT_RETRY, type RetryOptions, retryStore } from "./src/stores/wrappers/retry.ts";
export { DEFAULT_LIMITS, type LimiterOptions } from "./src/stores/wrappers/limiter.ts";
export { type Connection } from "./src/stores/protocol/connection.ts";
export { type SessionOptions } from "./src/stores/protocol/protocol_client.ts";
export { type WorkerConnection } from "./src/stores/protocol/near_sessions.ts";
export { ProtocolStore, type ProtocolStoreOptions } from "./src/stores/protocol/protocol_store.ts";
export { ChunkReader } from "./src/stores/wrappers/chunk_reader.ts";
export { type BlobOptions, type BulkReader, ChunkedBlob } from "./src/blob/blob.ts";
export { extract, type ExtractStreamOptions } from "./src/jobs/extract_stream.ts";
export { serveChunks, type ServeOptions } from "./src/jobs/serve_protocol.ts";
export {
  chunkHandler,
  type ChunkHandlerOptions,
  indexHandler,
  type IndexHandlerOptions,
  type ServingOptions,
} from "./src/servers/fetch_handlers.ts";
export { blobHandler, type BlobHandlerOptions } from "./src/servers/blob_handler.ts";
export { type IndexStore, type WritableIndexStore } from "./src/stores/index_store.ts";
export { ArchiveEncoder } from "./src/formats/archive/archive_encoder.ts";
export { ExcludePatterns, type Verdict } from "./src/formats/archive/exclude_patterns.ts";
export {
  DEFAULT_FEATURES,
  FEATURE_WORDS,
  type FeatureName,
  FEATURES,
  featuresOf,
  normalizeFeatures,
} from "./src/formats/archive/features.ts";
export { archiveStream } from "./src/archive/write_archive.ts";
export { type PieceStream } from "./src/archive/piece_stream.ts";
export { excluding } from "./src/archive/exclude.ts";
export { type Pieces, readArchive, type ReadArchiveOptions } from "./src/archive/read_archive.ts";
export { type Hasher, listTo, type MakeHasher, mtreeTo, type Print } from "./src/archive/describe_archive.ts";
export { blobAccess } from "./src/blob/blob_access.ts";
export { type RandomAccess } from "./src/stores/byte_source.ts";
export {
  type ArchivePath,
  findParts,
  type FoundPart,
  parseArchivePath,
  readParts,
} from "./src/archive/archive_parts.ts";
export { listDirectory, type ListedEntry } from "./src/archive/list_directory.ts";
export { type ArchiveRange } from "./src/archive/find_in_archive.ts";
export { archiveToTar, type ArchiveToTarOptions } from "./src/jobs/archive_to_tar.ts";
export { type ArchiveBytes, type SelectOptions } from "./src/archive/read_selected.ts";
export { type UnpackResult } from "./src/jobs/unpack.ts";
export { type Loss } from "./src/archive/losses.ts";
export { type PackSummary } from "./src/jobs/pack.ts";
export { type ReadTreeOptions, type TreeSource, type TreeSummary } from "./src/archive/tree_ports.ts";
export { type Origin, originName } from "./src/core/origin.ts";
export { Progress, type SourceCount } from "./src/core/progress.ts";
export { type PruneOptions, pruneStore, type PruneSummary } from "./src/jobs/prune.ts";
export { verifyStore, type VerifyStoreOptions } from "./src/jobs/verify.ts";
export { type ListedAmount, type VerifyOptions, type VerifySummary } from "./src/jobs/verify_summary.ts";
export { type InvalidChunk } from "./src/transfer/messages.ts";
export { type IndexInfo, indexInfo, type IndexInfoOptions } from "./src/jobs/info.ts";
export { type ListedSizes } from "./src/jobs/stored_sizes.ts";
export {
  type PlannedFetch,
  type PlannedRun,
  type PlannedSource,
  type UpdatePlan,
  updatePlan,
  type UpdatePlanOptions,
} from "./src/jobs/plan/update_plan.ts";
export {
  type ChunkPlanOptions,
  type PlacedRun,
  type PlanOrigin,
  type PlanSeed,
} from "./src/jobs/plan/chunk_plan.ts";
export { type CopiedRun, type OldUse, type OldVersion } from "./src/jobs/plan/old_versions.ts";
export { type PathCost, type PathCosts } from "./src/jobs/plan/path_costs.ts";
export { type WholeSize } from "./src/jobs/plan/whole_size.ts";
export { type PlanPictureOptions } from "./src/pictures/plan_facts.ts";
export { planHtml } from "./src/pictures/plan_html.ts";
export { planJson } from "./src/pictures/plan_json.ts";
export { planSvg } from "./src/pictures/plan_svg.ts";
export { planText, type PlanTextOptions } from "./src/pictures/plan_text.ts";
