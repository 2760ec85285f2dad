/** The handlers as functions from `Request` to `Response`: for `deno serve`, edge runtimes and service workers. */
import type { StoredForm } from "../core/chunk.ts";
import type { Codec } from "../codec/codec.ts";
import { DesyncError } from "../core/errors.ts";
import type { IndexStore } from "../stores/index_store.ts";
import type { ChunkStore, Sources } from "../stores/store.ts";
import { requireAuthorization } from "./authorization.ts";
import { answerChunks } from "./chunks/chunk_handler.ts";
import { ChunkUploads } from "./chunks/chunk_uploads.ts";
import { withCors } from "./cors.ts";
import type { Handler } from "./handler.ts";
import { answerIndexes } from "./indexes/index_handler.ts";
import { atMostOncePerSecond } from "./problems.ts";
import { ServedChunks } from "./chunks/served_chunks.ts";
import { ServedIndexes } from "./indexes/served_indexes.ts";

/** What both handlers may be given. */
export interface ServingOptions {
  /** Take uploads. Each is verified before it is stored. Default: they are refused. */
  readonly writable?: boolean;
  /** What the `Authorization` header has to be. Default: every client is served. */
  readonly authorization?: string;
  /** Origins of pages that may use the server, such as `https://example.com`, or `*` for all. Default: none. */
  readonly cors?: readonly string[];
  /** Bytes of uploads that may be in memory; beyond that, clients get 503. Default: 256 MiB. */
  readonly uploadMemoryBytes?: number;
  /** Called with failures that are not the client's, for an operator: at most once a second for each kind. */
  readonly onProblem?: (problem: DesyncError) => void;
}

/** Options of {@linkcode chunkHandler}. */
export interface ChunkHandlerOptions extends ServingOptions {
  /** Decompresses and verifies, and compresses if it can. Default: JavaScript that runs anywhere, which cannot. */
  readonly codec?: Codec;
  /** Serve this form only, and refuse the names of the other. Default: both, converted where necessary. */
  readonly form?: StoredForm;
  /** How uploads are stored. Default: as they come. */
  readonly storedForm?: StoredForm;
  /**
   * Verify each chunk before it is sent. Clients verify anyway, so by default those from a directory of this machine are
   * not: only what is converted to another form, added to the cache or kept in memory.
   */
  readonly verifyReads?: boolean;
  /** Bytes of chunks that are kept in memory. Default: 64 MiB. */
  readonly memoryBytes?: number;
}

/** Options of {@linkcode indexHandler}. */
export interface IndexHandlerOptions extends ServingOptions {
  /** How the store writes a name: `encodeURIComponent` for one behind a URL. Default: as it is. */
  readonly encodeName?: (name: string) => string;
}

/**
 * Serves the chunks of a store, or of several with a cache, as `desync chunk-server` does: `GET`, `HEAD` and `PUT` of
 * `/abcd/<id>.cacnk` and, uncompressed, `/abcd/<id>`, in whatever form the store has them. Concurrent requests for one
 * chunk are one request to the stores. Throws `usage` when uploads are to be taken and nothing can be written to the first
 * store.
 *
 * @example A server for `deno serve`, an edge runtime or a service worker
 * ```ts
 * import { chunkHandler, chunkPath, hashChunk, MemoryStore, portableCodec } from "@desync/desync";
 *
 * const store = new MemoryStore(); // In real life: new HttpStore("https://example.com/store/")
 * const chunk = hashChunk(portableCodec, "sha512-256", new TextEncoder().encode("some bytes"));
 * await store.put(chunk);
 *
 * const handler = chunkHandler(store);
 * // `export default { fetch: handler };` makes it a server for `deno serve`.
 * const answer = await handler(new Request(`http://localhost/${chunkPath(chunk.id, "plain")}`));
 * if (await answer.text() !== "some bytes") throw new Error("the chunk is served");
 * ```
 */
export function chunkHandler(
  from: Sources | ChunkStore,
  options: ChunkHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const { codec, form, storedForm, writable, uploadMemoryBytes } = options;
  const onProblem = options.onProblem && atMostOncePerSecond(options.onProblem);
  const chunks = new ServedChunks(from, { ...options, onProblem });
  const uploads = writable
    ? new ChunkUploads(firstOf(from), { codec, form: storedForm, memoryBytes: uploadMemoryBytes })
    : undefined;
  return guarded(answerChunks(chunks, { form, uploads, onProblem }), options);
}

/**
 * Serves the indexes of a store by their names, as `desync index-server` does: `GET`, `HEAD` and `PUT` of `/<name>`. An
 * upload replaces the whole index; `If-Match` and `If-None-Match` guard against replacing another's. Throws `usage` when
 * uploads are to be taken and the store takes nothing.
 *
 * @example An index, and that it has not changed since
 * ```ts
 * import { Index, indexHandler } from "@desync/desync";
 *
 * const header = { flags: 0xb000000000000000n, sizes: { min: 16384, avg: 65536, max: 262144 } };
 * const index = new Index(header, new Float64Array(0), new Uint8Array(0));
 * const fetch = indexHandler({ read: () => Promise.resolve(index) });
 *
 * const url = "http://localhost/image.caibx";
 * const etag = (await fetch(new Request(url))).headers.get("etag") ?? "";
 * const again = await fetch(new Request(url, { headers: { "if-none-match": etag } }));
 * if (again.status !== 304) throw new Error("it is the same");
 * ```
 */
export function indexHandler(
  store: IndexStore,
  options: IndexHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const { writable, encodeName, uploadMemoryBytes } = options;
  const onProblem = options.onProblem && atMostOncePerSecond(options.onProblem);
  const indexes = new ServedIndexes(store, { writable, encodeName, memoryBytes: uploadMemoryBytes });
  return guarded(answerIndexes(indexes, { onProblem }), options);
}

function firstOf(from: Sources | ChunkStore): ChunkStore {
  const store = "stores" in from ? from.stores.at(0) : from;
  if (store === undefined) {
    throw new DesyncError("usage", {
      action: "take uploads of",
      subject: "chunks",
      reason: "no store was given",
    });
  }
  return store;
}

function guarded(
  handler: Handler,
  { authorization, cors }: ServingOptions,
): (request: Request) => Promise<Response> {
  const authorized = authorization === undefined ? handler : requireAuthorization(handler, authorization);
  return fetchHandler(cors === undefined ? authorized : withCors(authorized, cors));
}

/** The handler as a function of the web's `Request` and `Response`. */
function fetchHandler(handler: Handler): (request: Request) => Promise<Response> {
  return async (request) => {
    // Without its signal: `Deno.serve` warns when it is used, and aborts it after complete answers too.
    const { method, headers, body } = request;
    const path = new URL(request.url).pathname;
    const header = (name: string) => headers.get(name) ?? undefined;
    const response = await handler({ method, path, header, body: body ?? NO_BODY });
    const { status, length = response.body?.length } = response;
    const sent = new Headers(response.headers);
    if (length !== undefined) sent.set("content-length", String(length));
    return new Response(method === "HEAD" ? null : response.body, { status, headers: sent });
  };
}

const NO_BODY: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} };
