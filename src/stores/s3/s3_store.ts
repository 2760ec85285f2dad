/** A store in a bucket: objects named as the files of a local store, below a prefix. */
import {
  type ChunkId,
  chunkPath,
  MAX_CHUNK_SIZE,
  maxStoredSize,
  parseChunkName,
  type StoredChunk,
  type StoredForm,
} from "../../core/chunk.ts";
import type { VerifiedChunk } from "../../codec/open_chunk.ts";
import { FormOrder } from "../form_order.ts";
import { readBody, refuseTooLarge } from "../http/http_body.ts";
import { HttpPace } from "../http/http_pace.ts";
import { asBody } from "../http/http_put.ts";
import type {
  HasOptions,
  ListedChunk,
  ManagedChunkStore,
  PutResult,
  RemovedChunk,
  RemoveOptions,
  RequestOptions,
  StoreProperties,
} from "../store.ts";
import type { LimiterOptions } from "../wrappers/limiter.ts";
import { NO_RETRY, retrying, type RetryOptions } from "../wrappers/retry.ts";
import { S3Client, type S3Options } from "./s3_client.ts";
import { S3Listing } from "./s3_list.ts";
import { parseS3Location } from "./s3_location.ts";
import { MOST_AT_ONCE, removeObjects } from "./s3_remove.ts";

/** Options of {@linkcode S3Store}. */
export interface S3StoreOptions extends S3Options {
  /** No chunk of this store is larger, in bytes uncompressed (an index says so). Default: casync's limit, 128 MiB. */
  readonly maxChunkSize?: number;
  /** What the names of chunks end with: those of an encrypted store. Default: nothing more. */
  readonly suffix?: string;
  /** Bounds of the concurrent requests. Default: what the caller thinks. */
  readonly concurrency?: LimiterOptions;
  /** How each page of a list, and each removal of many chunks, is retried: no wrapper sees them. Default: not at all. */
  readonly retry?: RetryOptions;
}

/**
 * Chunks in an S3 service: Amazon's, OpenStack Swift, Ceph, MinIO and others. Keys are those of desync.
 *
 * @example A store that only its owner may read
 * ```ts
 * import { retryStore, S3Store } from "@desync/desync";
 *
 * const credentials = () => ({ accessKey: "AKIA…", secretKey: "secret" });
 * const url = "s3+https://s3.eu-west-1.amazonaws.com/bucket/store";
 * await using store = retryStore(new S3Store(url, { credentials, region: "eu-west-1" }));
 * if (store.properties.location !== url) throw new Error("messages name it");
 * ```
 */
export class S3Store implements ManagedChunkStore {
  readonly properties: StoreProperties;
  readonly #client: S3Client;
  readonly #prefix: string;
  readonly #options: S3StoreOptions;
  readonly #pace = new HttpPace();
  readonly #forms = new FormOrder();

  /** `location` is `s3+https://host/bucket/prefix`, or with `s3+http`. */
  constructor(location: string, options: S3StoreOptions = {}) {
    const parsed = parseS3Location(location);
    this.#client = new S3Client(parsed, options);
    this.#prefix = parsed.prefix;
    this.#options = options;
    const { suffix, concurrency } = options;
    this.properties = { location: parsed.redacted, probe: "cheap", suffix, concurrency };
  }

  async get(id: ChunkId, { signal }: RequestOptions = {}): Promise<StoredChunk | null> {
    const limit = maxStoredSize(this.#options.maxChunkSize ?? MAX_CHUNK_SIZE);
    return await this.#forms.first(async (form) => {
      const bytes = await this.#client.request(
        { method: "GET", key: this.#key(id, form), action: "read" },
        (response, redacted, watch) => readBody(response, redacted, limit, watch, this.#pace),
        signal,
      ).catch(refuseTooLarge);
      return bytes === null ? null : { form, bytes };
    });
  }

  async has(id: ChunkId, options?: HasOptions): Promise<boolean> {
    return await this.#sizeOf(id, options) !== null;
  }

  async storedSize(id: ChunkId, options?: RequestOptions): Promise<number | undefined | null> {
    return await this.#sizeOf(id, options);
  }

  #sizeOf(id: ChunkId, { form: only, signal }: HasOptions = {}): Promise<number | undefined | null> {
    const ask = (form: StoredForm) =>
      this.#client.request(
        { method: "HEAD", key: this.#key(id, form), action: "read" },
        ({ headers }) => {
          const announced = headers.get("content-length") ?? "";
          return Promise.resolve(/^\d+$/.test(announced) ? Number(announced) : undefined);
        },
        signal,
      );
    return this.#forms.first(ask, undefined, only);
  }

  /** An object appears complete or not at all. */
  async put(
    { id, stored: { form, bytes } }: VerifiedChunk,
    options: RequestOptions = {},
  ): Promise<PutResult> {
    const body = asBody(bytes);
    const headers = { "content-type": "application/zstd" };
    const request = { method: "PUT", key: this.#key(id, form), headers, body, action: "write" } as const;
    await this.#client.request(request, () => Promise.resolve(), options.signal);
    this.#forms.remember(form);
    return { storedBytes: bytes.length };
  }

  /** Keys that are no chunks' are left out. */
  async *list({ signal }: RequestOptions = {}): AsyncGenerator<ListedChunk[], void> {
    const listing = new S3Listing(this.#client, this.#prefix, this.properties.location);
    while (!listing.done) {
      const objects = await this.#retrying(() => listing.next(signal), signal);
      yield objects.flatMap(({ key, size, writtenAt }): ListedChunk[] => {
        const chunk = this.#chunkOf(key);
        if (chunk === undefined) return [];
        return [{ ...chunk, storedBytes: size, ...Number.isNaN(writtenAt) ? {} : { storedAt: writtenAt } }];
      });
    }
  }

  async remove(id: ChunkId, { form, signal }: RemoveOptions = {}): Promise<void> {
    for (const one of ["compressed", "plain"] as const) {
      if (form !== undefined && form !== one) continue;
      const request = { method: "DELETE", key: this.#key(id, one), action: "remove" } as const;
      await this.#client.request(request, () => Promise.resolve(), signal);
    }
  }

  /** A thousand with each request, where the service has that. */
  async removeAll(chunks: readonly RemovedChunk[], { signal }: RequestOptions = {}): Promise<void> {
    for (let from = 0; from < chunks.length; from += MOST_AT_ONCE) {
      const some = chunks.slice(from, from + MOST_AT_ONCE);
      const keys = some.map(({ id, form }) => this.#key(id, form));
      const { location } = this.properties;
      if (await this.#retrying(() => removeObjects(this.#client, keys, location, signal), signal)) continue;
      for (const { id, form } of some) {
        await this.#retrying(() => this.remove(id, { form, signal }), signal);
      }
    }
  }

  /** There is nothing to close. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #retrying<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return retrying(this.#options.retry ?? NO_RETRY, signal, attempt);
  }

  #key(id: ChunkId, form: StoredForm): string {
    return this.#prefix + chunkPath(id, form, this.#options.suffix);
  }

  #chunkOf(key: string): RemovedChunk | undefined {
    const chunk = parseChunkName(key.slice(key.lastIndexOf("/") + 1), this.#options.suffix);
    return chunk !== undefined && key === this.#key(chunk.id, chunk.form) ? chunk : undefined;
  }
}
