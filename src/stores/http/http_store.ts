/** A store that a web server holds: the directories and files of a local store below a URL. */
import {
  type ChunkId,
  chunkPath,
  MAX_CHUNK_SIZE,
  maxStoredSize,
  type StoredChunk,
  type StoredForm,
} from "../../core/chunk.ts";
import { refuseTooLarge } from "./http_body.ts";
import { httpGet, type HttpOptions, httpSize } from "./http_client.ts";
import { lacksDirectory, makeDirectory } from "./http_directories.ts";
import { httpPut } from "./http_put.ts";
import { isBadRequest } from "./http_errors.ts";
import { HttpPace } from "./http_pace.ts";
import { type HttpLocation, parseHttpLocation } from "./http_location.ts";
import { HttpBatches } from "./http_batches.ts";
import { NearRequests } from "./near_requests.ts";
import { FormOrder } from "../form_order.ts";
import type { LimiterOptions } from "../wrappers/limiter.ts";
import type { VerifiedChunk } from "../../codec/open_chunk.ts";
import type { HasOptions, PutResult, RequestOptions, StoreProperties, WritableChunkStore } from "../store.ts";

/** Options of {@linkcode HttpStore}. */
export interface HttpStoreOptions extends HttpOptions {
  /** No chunk of this store is larger, in bytes uncompressed (an index says so). Default: casync's limit, 128 MiB. */
  readonly maxChunkSize?: number;
  /** What the names of chunks end with: those of an encrypted store. Default: nothing more. */
  readonly suffix?: string;
  /**
   * Request several chunks at a time where the server answers that, as `desync chunk-server` does: for browsers, in which each
   * request takes milliseconds of computing. Default: false.
   */
  readonly batches?: boolean;
  /** Bounds of the concurrent requests. Default: what the caller thinks. */
  readonly concurrency?: LimiterOptions;
}

/**
 * Reads chunks with GET, and adds them with PUT where the server takes that. Compressed and plain ones are found without
 * configuration: the form that the store had last is asked for first.
 *
 * @example A store behind a password, whose server hangs now and then
 * ```ts
 * import { HttpStore, retryStore } from "@desync/desync";
 *
 * const url = "https://user:password@example.com/store/";
 * await using store = retryStore(new HttpStore(url, { idleTimeoutMs: 5000 }));
 * if (store.properties.location.includes("password")) throw new Error("messages do not contain it");
 * ```
 */
export class HttpStore implements WritableChunkStore {
  readonly properties: StoreProperties;
  readonly #base: HttpLocation;
  readonly #options: HttpStoreOptions;
  readonly #pace = new HttpPace();
  readonly #forms = new FormOrder();
  readonly #batches: HttpBatches | undefined;
  readonly #near: NearRequests | undefined;

  /**
   * `url` is the directory that holds the `abcd/` directories; a user and password in it are sent as basic
   * authorization.
   */
  constructor(url: string, options: HttpStoreOptions = {}) {
    const base = parseHttpLocation(url);
    if (!base.url.pathname.endsWith("/")) base.url.pathname += "/";
    this.#base = base;
    this.#options = { ...options, headers: { ...base.headers, ...options.headers } };
    const { suffix, batches = false, concurrency = batches ? BATCH_LIMITS : undefined } = options;
    this.#batches = batches ? new HttpBatches(base.url, base.redacted, this.#options) : undefined;
    // What another fetch does, workers cannot.
    const own = options.fetch === undefined ? this.#batches : undefined;
    this.#near = this.#nearRequests();
    this.properties = {
      location: base.redacted,
      probe: "cheap",
      suffix,
      concurrency,
      batches: own,
      near: this.#near,
    };
  }

  async get(id: ChunkId, { signal }: RequestOptions = {}): Promise<StoredChunk | null> {
    const options = { ...this.#options, pace: this.#pace };
    const batched = await this.#batches?.get(id, signal);
    if (batched) this.#forms.remember(batched.form);
    if (batched !== undefined) return batched;
    const limit = maxStoredSize(this.#options.maxChunkSize ?? MAX_CHUNK_SIZE);
    return await this.#forms.first(async (form) => {
      const url = this.#url(id, form);
      const bytes = await httpGet(url, redact(url), limit, options, signal).catch(refuseTooLarge);
      this.#near?.answered();
      return bytes === null ? null : { form, bytes };
    }, isBadRequest).catch((error) => this.#refuseOther(error));
  }

  async has(id: ChunkId, options?: HasOptions): Promise<boolean> {
    return await this.#sizeOf(id, options) !== null;
  }

  async storedSize(id: ChunkId, options?: RequestOptions): Promise<number | undefined | null> {
    return await this.#sizeOf(id, options);
  }

  #nearRequests(): NearRequests | undefined {
    const { fetch, headers = {}, suffix } = this.#options;
    if (fetch?.near === undefined) return undefined;
    const { url } = this.#base;
    const server = () => fetch.near?.(url, headers);
    // Together they would have twice as many as there may be requests.
    const begin = () => fetch.closeIdle?.(url);
    return new NearRequests({ server, begin, base: url, suffix, form: () => this.#forms.preferred });
  }

  #sizeOf(id: ChunkId, { form: only, signal }: HasOptions = {}): Promise<number | undefined | null> {
    const ask = (form: StoredForm) => {
      const url = this.#url(id, form);
      return httpSize(url, redact(url), this.#options, signal);
    };
    return this.#forms.first(ask, isBadRequest, only).catch((error) => this.#refuseOther(error));
  }

  /** Servers of desync's kind answer so to names of chunks that they do not serve in any form. */
  #refuseOther(error: unknown): never {
    if (!isBadRequest(error)) throw error;
    if (this.#options.suffix !== undefined) throw error.with({ hint: KEY_QUESTION });
    throw error.withHint("are its chunks encrypted?");
  }

  /** Throws `store` when the server does not take it. */
  async put(
    { id, stored: { form, bytes } }: VerifiedChunk,
    options: RequestOptions = {},
  ): Promise<PutResult> {
    const url = this.#url(id, form);
    const put = () => httpPut(url, redact(url), bytes, this.#options, options.signal);
    try {
      await put().catch(async (error) => {
        if (!lacksDirectory(error)) throw error;
        if (!await makeDirectory(this.#base.url, url, this.#options, options.signal)) throw error;
        await put();
      });
    } catch (error) {
      if (!isBadRequest(error)) throw error;
      const other = form === "plain" ? "only compressed chunks" : "only uncompressed chunks (-u)";
      const { suffix } = this.#options;
      const hint = suffix === undefined
        ? `the server may take no uploads, ${other}, or only encrypted ones`
        : KEY_QUESTION;
      throw error.with({ hint });
    }
    this.#forms.remember(form);
    return { storedBytes: bytes.length };
  }

  /** There is nothing to close. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #url(id: ChunkId, form: StoredForm): URL {
    const { origin, pathname, search } = this.#base.url;
    return new URL(`${origin}${pathname}${chunkPath(id, form, this.#options.suffix)}${search}`);
  }
}

/** Enough for several requests of many chunks. */
const BATCH_LIMITS: LimiterOptions = { start: 128, max: 256 };

const KEY_QUESTION = "does the server have this key and cipher?";

function redact(url: URL): string {
  return url.origin + url.pathname;
}
