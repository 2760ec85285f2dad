/** A store on a machine that is reached by SFTP: files named as those of a local store. */
import { abortable } from "../../core/abortable.ts";
import { allOrFirstFailure } from "../../core/all_or_first_failure.ts";
import { concat } from "../../core/bytes.ts";
import {
  type ChunkId,
  chunkPath,
  isChunkPrefix,
  MAX_CHUNK_SIZE,
  maxStoredSize,
  type StoredChunk,
  type StoredForm,
  TEMPORARY_PREFIX,
} from "../../core/chunk.ts";
import type { VerifiedChunk } from "../../codec/open_chunk.ts";
import { DesyncError, type ErrorCode, interrupted } from "../../core/errors.ts";
import { FormOrder } from "../form_order.ts";
import type {
  HasOptions,
  ListedChunk,
  ManagedChunkStore,
  PutResult,
  RemoveOptions,
  RemoveStaleOptions,
  RequestOptions,
  StaleFiles,
  StoreProperties,
} from "../store.ts";
import type { LimiterOptions } from "../wrappers/limiter.ts";
import { NO_RETRY, retrying, type RetryOptions } from "../wrappers/retry.ts";
import { SftpFiles } from "./sftp_files.ts";
import { isAnswer, isMissing } from "./sftp_errors.ts";
import { chunkOf, isStaleFile } from "./sftp_listing.ts";
import { isDirectory, isRegular, type SftpEntry } from "./sftp_packets.ts";
import { prefixOf, type SftpPlace } from "./sftp_place.ts";

/** Options of {@linkcode SftpStore}. */
export interface SftpStoreOptions {
  /** Make the store's directory, and those above it, unless it is there. */
  readonly create?: boolean;
  /** No chunk of this store is larger, in bytes uncompressed (an index says so). Default: casync's limit, 128 MiB. */
  readonly maxChunkSize?: number;
  /** What the names of chunks end with: those of an encrypted store. Default: nothing more. */
  readonly suffix?: string;
  /** Bounds of the concurrent requests. Default: what the caller thinks. */
  readonly concurrency?: LimiterOptions;
  /** How each part of a list is retried: no wrapper sees it. Default: not at all. */
  readonly retry?: RetryOptions;
}

/** Directories that are listed at the same time. */
const LISTED_AT_ONCE = 16;

/** Chunks in a directory of a machine that is reached by SFTP. */
export class SftpStore implements ManagedChunkStore {
  readonly properties: StoreProperties;
  readonly #root: string;
  readonly #files: SftpFiles;
  readonly #options: SftpStoreOptions;
  readonly #forms = new FormOrder();
  /** The `abcd` directories that are there. */
  readonly #made = new Set<string>();
  #ready: Promise<void> | undefined;

  /** Nothing is requested yet. */
  constructor(place: SftpPlace, options: SftpStoreOptions = {}) {
    this.#root = prefixOf(place.path);
    this.#files = new SftpFiles(place.sessions);
    this.#options = options;
    const { suffix, concurrency } = options;
    this.properties = { location: place.redacted, probe: "cheap", suffix, concurrency };
  }

  async get(id: ChunkId, { signal }: RequestOptions = {}): Promise<StoredChunk | null> {
    const limit = maxStoredSize(this.#options.maxChunkSize ?? MAX_CHUNK_SIZE);
    return await this.#forms.first((form) =>
      this.#request("read", signal, async () => {
        const bytes = await this.#files.read(this.#pathOf(id, form), async ({ size, pieces }) => {
          if (size > limit) {
            const reason = `it has ${size} bytes, more than the limit of ${limit}`;
            throw new DesyncError("invalid-chunk", { reason });
          }
          // In a buffer of the caller's.
          return concat(await Array.fromAsync(pieces()));
        });
        return bytes === null ? null : { form, bytes };
      }, `chunk ${id} in `)
    );
  }

  async has(id: ChunkId, options?: HasOptions): Promise<boolean> {
    return await this.#sizeOf(id, options) !== null;
  }

  async storedSize(id: ChunkId, options?: RequestOptions): Promise<number | undefined | null> {
    return await this.#sizeOf(id, options);
  }

  /** Asks for both forms at once: that of a chunk which is not there takes two answers. */
  async #sizeOf(id: ChunkId, { form, signal }: HasOptions = {}): Promise<number | undefined | null> {
    return await this.#request("read", signal, async () => {
      const forms: StoredForm[] = form === undefined ? ["compressed", "plain"] : [form];
      const answers = forms.map((form) => this.#files.stat(this.#pathOf(id, form)));
      const file = (await allOrFirstFailure(answers)).find((file) => file !== null && isRegular(file));
      return file === undefined || file === null ? null : file.size;
    }, `chunk ${id} in `);
  }

  /** A chunk appears complete or not at all. */
  async put(
    { id, stored: { form, bytes } }: VerifiedChunk,
    { signal }: RequestOptions = {},
  ): Promise<PutResult> {
    const directory = this.#root + id.slice(0, 4);
    const temporary = `${directory}/${TEMPORARY_PREFIX}${crypto.randomUUID()}-${id}`;
    const write = (make?: string) => this.#files.write(this.#pathOf(id, form), temporary, bytes, make);
    await this.#request("write", signal, async () => {
      if (!this.#made.has(directory)) await write(directory);
      else {
        await write().catch(async (error) => {
          // Another program may have removed it.
          if (!isMissing(error)) throw error;
          await write(directory);
        });
      }
      this.#made.add(directory);
    }, `chunk ${id} to `);
    this.#forms.remember(form);
    return { storedBytes: bytes.length };
  }

  /** One `abcd` directory after the other, several of them at a time. What is not a regular file is not listed. */
  async *list({ signal }: RequestOptions = {}): AsyncGenerator<ListedChunk[], void> {
    const aheadMs = await this.#aheadMs(signal);
    for await (const [prefix, entries] of this.#directories(signal)) {
      yield entries.flatMap((entry): ListedChunk[] => {
        const chunk = chunkOf(prefix, entry, this.#options.suffix);
        const { size = 0, mtime } = entry.attributes;
        // The server says only in which second it was.
        const storedAt = mtime === undefined ? undefined : (mtime + 1) * 1000 + aheadMs;
        return chunk === undefined ? [] : [{ ...chunk, storedBytes: size, storedAt }];
      });
    }
  }

  async remove(id: ChunkId, { form, signal }: RemoveOptions = {}): Promise<void> {
    for (const one of ["compressed", "plain"] as const) {
      if (form !== undefined && form !== one) continue;
      const path = this.#pathOf(id, one);
      await this.#request("remove", signal, () => this.#files.remove(path), `chunk ${id} from `);
    }
  }

  /** The temporary files of chunks that were not completed for a day, those of desync as well. */
  async removeStale({ dryRun = false, signal }: RemoveStaleOptions = {}): Promise<StaleFiles> {
    const aheadMs = await this.#aheadMs(signal);
    const removed = { files: 0, bytes: 0 };
    for await (const [prefix, entries] of this.#directories(signal)) {
      for (const entry of entries.filter((entry) => isStaleFile(entry, Date.now() - aheadMs))) {
        const path = `${this.#root}${prefix}/${entry.name}`;
        if (!dryRun) {
          await this.#retrying("remove", signal, () => this.#files.remove(path), `${entry.name} from `);
        }
        removed.files++;
        removed.bytes += entry.attributes.size ?? 0;
      }
    }
    return removed;
  }

  /** There is nothing to close: others may use the sessions. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async *#directories(
    signal?: AbortSignal,
  ): AsyncGenerator<readonly [prefix: string, entries: readonly SftpEntry[]], void> {
    const list = (path: string) =>
      this.#retrying("list", signal, async () => (await Array.fromAsync(this.#files.list(path))).flat());
    const all = await list(this.#root);
    const prefixes = all.filter(({ name, attributes }) => isChunkPrefix(name) && isDirectory(attributes))
      .map(({ name }) => name).sort();
    for (let from = 0; from < prefixes.length; from += LISTED_AT_ONCE) {
      if (signal?.aborted) throw interrupted();
      const some = prefixes.slice(from, from + LISTED_AT_ONCE);
      const lists = await Promise.all(some.map((prefix) => list(this.#root + prefix)));
      for (const [i, prefix] of some.entries()) yield [prefix, lists[i]];
    }
  }

  /**
   * How far this machine's clock is ahead of the server's, in milliseconds, and at most a second and the way there more:
   * files have the time of the server. Zero when it does not let a file be made.
   */
  async #aheadMs(signal?: AbortSignal): Promise<number> {
    const path = `${this.#root}${TEMPORARY_PREFIX}${crypto.randomUUID()}`;
    const time = await this.#retrying("list", signal, () => this.#files.clock(path));
    return time === undefined ? 0 : Date.now() - time * 1000;
  }

  #retrying<T>(
    action: string,
    signal: AbortSignal | undefined,
    send: () => Promise<T>,
    what?: string,
  ): Promise<T> {
    const request = () => this.#request(action, signal, send, what);
    return retrying(this.#options.retry ?? NO_RETRY, signal, request);
  }

  /** Runs a request once the store is known to be there. `what` is what it is about, with the word before the store. */
  async #request<T>(
    action: string,
    signal: AbortSignal | undefined,
    send: () => Promise<T>,
    what = "",
  ): Promise<T> {
    const { location } = this.properties;
    try {
      return await abortable(async () => {
        await (this.#ready ??= this.#prepare());
        return await send();
      }, signal);
    } catch (error) {
      if (!(error instanceof DesyncError)) throw error;
      // What ends a session is about the host, not about a chunk.
      const isOfFile = isAnswer(error) || error.code === "invalid-chunk" || error.code === "io";
      throw error.withContext({ action, subject: isOfFile ? what + location : location });
    }
  }

  async #prepare(): Promise<void> {
    try {
      await this.#checkRoot();
    } catch (error) {
      // The next request tries again.
      this.#ready = undefined;
      throw error;
    }
  }

  async #checkRoot(): Promise<void> {
    const refuse = (code: ErrorCode, reason: string) =>
      new DesyncError(code, { action: "open", subject: `the store ${this.properties.location}`, reason });
    let root = await this.#files.stat(this.#root);
    if (root === null && this.#options.create) {
      const parts = this.#root.split("/");
      for (let i = 2; i < parts.length; i++) await this.#files.makeDirectory(parts.slice(0, i).join("/"));
      root = await this.#files.stat(this.#root);
      if (root === null) throw refuse("store", "the server does not allow its directory to be made");
    }
    if (root !== null && isDirectory(root)) return;
    // Of a file, servers say that there is nothing with a slash at its end.
    const other = root ?? await this.#files.stat(this.#root.slice(0, -1));
    throw other === null ? refuse("missing-file", "no such directory") : refuse("io", "not a directory");
  }

  #pathOf(id: ChunkId, form: StoredForm): string {
    return this.#root + chunkPath(id, form, this.#options.suffix);
  }
}
