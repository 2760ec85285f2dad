/** From what the user calls a store or an index to the thing itself. */
import { freeBytes } from "../bytes.ts";
import type { ChunkId } from "../chunk.ts";
import { DesyncError, type ErrorCode, messageOf } from "../errors.ts";
import { FileAccess } from "../deno/file_access.ts";
import { FilledStore } from "../deno/filled_store.ts";
import { isNotFound, isRefusal } from "../deno/file_errors.ts";
import { environment } from "../deno/permitted.ts";
import { makeHttpFetch } from "../deno/http_fetch.ts";
import { HttpCredentials } from "../deno/http_credentials.ts";
import { LocalStore } from "../deno/local_store.ts";
import type { Index } from "../formats/index.ts";
import { IndexParser } from "../formats/index_parser.ts";
import type { BulkReader, ChunkedBlob } from "../jobs/blob.ts";
import type { RandomAccess } from "../jobs/random_access.ts";
import { HttpAccess } from "../stores/http_access.ts";
import { type HttpOptions, httpRead, httpStream } from "../stores/http_client.ts";
import { type HttpLocation, parseHttpLocation } from "../stores/http_location.ts";
import { ProtocolStore } from "../stores/protocol_store.ts";
import { connectBySsh } from "../deno/ssh_command.ts";
import { nativeCodec } from "../deno/native_codec.ts";
import { parseSshLocation } from "../deno/ssh_location.ts";
import { HttpStore } from "../stores/http.ts";
import type { LimiterOptions } from "../stores/limiter.ts";
import { DEFAULT_LIMITS } from "../stores/limiter.ts";
import { retrying, type RetryOptions, retryStore } from "../stores/retry.ts";
import type { ChunkStore, Sources, WritableChunkStore } from "../stores/store.ts";
import type { WorkerPool } from "../workers/pool.ts";
import { filePieces } from "../deno/file_pieces.ts";
import { type Affordable, affordable } from "../deno/open_files.ts";
import type { compressionLevel, uncompressed } from "./flags/filling.ts";
import type { Values } from "./flags/flag.ts";
import type { GLOBAL_FLAGS } from "./flags/global.ts";
import type { NETWORK_FLAGS } from "./flags/network.ts";
import type { noSync } from "./flags/output.ts";
import type { SOURCE_FLAGS } from "./flags/stores.ts";
import { SLICE, Turns } from "../jobs/turns.ts";
import { readIdList } from "./id_list.ts";
import { warn } from "./output.ts";
import { schemeOf, unknownScheme, withoutSecrets } from "./scheme.ts";

/** Sessions with an ssh store that are opened unless the user says otherwise. */
const SSH_SESSIONS = 2;
/** No more are opened, whatever the user says: hosts refuse to start many at once (MaxStartups of sshd: 10). */
const MAX_SSH_SESSIONS = 8;

/** How stores and indexes are reached, and where chunks come from. */
export type LocatorFlags =
  & Values<typeof NETWORK_FLAGS & Pick<typeof GLOBAL_FLAGS, "digest">>
  & Partial<Values<typeof SOURCE_FLAGS>>;

/** How chunks are put into a store. */
export type FillingFlags = Values<
  { uncompressed: typeof uncompressed; compressionLevel: typeof compressionLevel; noSync: typeof noSync }
>;

/** Opens stores and indexes with the options that the user gave. */
export class Locator implements AsyncDisposable {
  readonly #flags: LocatorFlags;
  readonly #opened: ChunkStore[] = [];
  readonly #credentials = new HttpCredentials(warn);
  #http: HttpOptions | undefined;
  #pool: WorkerPool | undefined;
  #cacheReported = false;
  #affordable: Affordable | undefined;

  constructor(flags: LocatorFlags) {
    this.#flags = flags;
  }

  /** Bounds of the requests in flight to each store. */
  get limits(): LimiterOptions {
    const max = Math.min(this.#flags.concurrency ?? DEFAULT_LIMITS.max, this.#connections);
    return { start: Math.min(DEFAULT_LIMITS.start, max), max };
  }

  /** Connections that each store may have. */
  get #connections(): number {
    this.#affordable ??= affordable();
    const stores = Math.max(1, this.#flags.stores?.length ?? 0);
    return Math.max(1, Math.floor(this.#affordable.connections / stores));
  }

  /** The cache and the stores that were named, to be asked what they have and no more: the cache has to be there. */
  sourcesToCount(): Sources {
    return this.#sources(false);
  }

  #sources(create: boolean, maxChunkSize?: number): Sources {
    return {
      stores: this.stores(maxChunkSize),
      cache: this.#flags.cache === undefined ? undefined : this.#cache(this.#flags.cache, create),
      cacheRepair: this.#flags.cacheRepair ?? false,
      onCacheProblem: ({ message }) => this.#reportCacheProblem(message, "without filling the cache"),
    };
  }

  /** The same for the chunks of that index; the cache is made unless it is there. Throws `usage` when nothing was named that could have them. */
  sourcesOf(index: Index): Sources {
    const sources = this.#sources(true, index.sizes.max);
    if (index.count > 0 && sources.stores.length === 0 && sources.cache === undefined) {
      throw missingOption("-s, --store", "name at least one store to take chunks from");
    }
    return sources;
  }

  /** The stores alone. */
  stores(maxChunkSize?: number): ChunkStore[] {
    return (this.#flags.stores ?? []).map((location, i, all) => {
      refuseGroup(location);
      refuseCutName(location, all[i + 1]);
      return this.store(location, maxChunkSize);
    });
  }

  /** A store to read. */
  store(location: string, maxChunkSize?: number): ChunkStore {
    const scheme = schemeOf(location);
    if (scheme === undefined) {
      const there = asOnAnotherHost(location);
      if (there !== undefined) {
        throw new DesyncError("usage", `Cannot open the store ${location}: no such directory (${there})`);
      }
      return new LocalStore(location);
    }
    if (scheme === "http" || scheme === "https") {
      const options = { ...this.#httpOptions(parseHttpLocation(location)), maxChunkSize };
      return retryStore(new HttpStore(location, options), this.#retry());
    }
    if (scheme === "ssh") {
      return this.#opens(retryStore(this.#sshStore(location, maxChunkSize), this.#retry()));
    }
    throw unknownScheme(
      `open the store ${withoutSecrets(location)}`,
      scheme,
      "a directory, http, https, ssh",
    );
  }

  /** The blob of an index, out of the cache and the stores that were named; large parts are read by worker threads. */
  async blob(index: Index, sources: Sources, keepBytes?: number): Promise<ChunkedBlob> {
    const { digest, sizes } = index;
    const { limits } = this;
    // Loaded for the commands that need them alone: the libraries below take 20 ms.
    const { BULK_BYTES, ChunkedBlob } = await import("../jobs/blob.ts");
    let bulk: BulkReader | undefined;
    if (index.size >= BULK_BYTES) {
      // Small ones should not wait for the modules.
      const [{ WorkerPool }, { WorkerReader }] = await Promise.all([
        import("../workers/pool.ts"),
        import("../jobs/worker_reader.ts"),
      ]);
      this.#pool ??= new WorkerPool(this.#flags.concurrency);
      bulk = new WorkerReader({ digest, sizes, sources, limits }, this.#pool);
    }
    return ChunkedBlob.open(index, sources, { codec: nativeCodec, limits, keepBytes, bulk });
  }

  /** Closes what was opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#pool?.[Symbol.dispose]();
    await Promise.all(this.#opened.map((store) => store[Symbol.asyncDispose]()));
  }

  /** The store on this machine that gets chunks, made if it does not exist; `undefined` when none was given. */
  storeToFill(location: string | undefined, flags: FillingFlags): FilledStore | undefined {
    if (location === undefined) return undefined;
    if (schemeOf(location) !== undefined) {
      throw notAFolder("unsupported", `store chunks in ${withoutSecrets(location)}`);
    }
    refuseToFill(location);
    const form = flags.uncompressed ? "plain" : "compressed";
    return new FilledStore(location, form, flags.compressionLevel, !flags.noSync);
  }

  /** The ids in indexes and in files that list them, one a line. */
  async ids(
    indexes: readonly string[],
    lists: readonly string[],
    signal?: AbortSignal,
  ): Promise<Set<ChunkId>> {
    const ids = new Set<ChunkId>();
    const turns = new Turns(signal);
    for (const location of indexes) {
      const index = await this.index(location, signal);
      for (let i = 0; i < index.count; i++) {
        if (i % SLICE === 0) await turns.pass();
        ids.add(index.id(i));
      }
    }
    for (const path of lists) await readIdList(path, (id) => ids.add(id), signal);
    return ids;
  }

  /** The index in a file, on standard input, or at a URL. Throws `invalid-index` with its name. */
  async index(location: string, signal?: AbortSignal): Promise<Index> {
    const name = location === "-" ? "the index on standard input" : `the index ${withoutSecrets(location)}`;
    const turns = new Turns(signal);
    let index: Index;
    try {
      index = await this.#readIndex(location, signal);
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code !== "invalid-index") throw error;
      throw error.withContext({ action: "use", subject: name });
    }
    await turns.pass();
    const { digest } = this.#flags;
    if (digest !== undefined && digest !== index.digest) {
      throw new DesyncError(
        "usage",
        `Cannot use ${name}: its ids are ${index.digest}, not ${digest} (leave --digest away to use what it says)`,
      );
    }
    return index;
  }

  /** The bytes of a file, of standard input (`-`), or of what is at a URL, piece by piece. */
  stream(location: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const scheme = schemeOf(location);
    if (scheme === "http" || scheme === "https") {
      const http = parseHttpLocation(location);
      const options = { ...this.#httpOptions(http), retry: this.#retry() };
      return httpStream(http.url, http.shown, options, signal);
    }
    if (scheme !== undefined) throw unknownScheme(`read ${withoutSecrets(location)}`, scheme, READABLE);
    return filePieces(location === "-" ? undefined : location, signal);
  }

  /** The same to be read at any place; `null` for what can only be read in order. To be disposed of, if it can be. */
  async access(location: string, signal: AbortSignal): Promise<RandomAccess & Partial<Disposable> | null> {
    const scheme = schemeOf(location);
    if (scheme === "http" || scheme === "https") {
      const http = parseHttpLocation(location);
      const options = { ...this.#httpOptions(http), retry: this.#retry() };
      return await HttpAccess.open(http, options, signal);
    }
    if (scheme !== undefined) throw unknownScheme(`read ${withoutSecrets(location)}`, scheme, READABLE);
    return location === "-" ? null : FileAccess.open(location);
  }

  #opens(store: ChunkStore): ChunkStore {
    this.#opened.push(store);
    return store;
  }

  #sshStore(text: string, maxChunkSize?: number): ChunkStore {
    const location = parseSshLocation(text);
    const remoteProgram = environment("CASYNC_REMOTE_PATH") || "casync";
    const ssh = environment("CASYNC_SSH_PATH") || "ssh";
    return new ProtocolStore({
      location: location.shown,
      idleTimeoutMs: this.#flags.timeout,
      maxChunkSize,
      maxSessions: Math.min(this.#flags.concurrency ?? SSH_SESSIONS, MAX_SSH_SESSIONS, this.#connections),
      connect: this.#flags.sshBuiltin
        ? async () => (await import("../deno/ssh_builtin.ts")).connectBuiltin(remoteProgram, location)
        : () => connectBySsh(ssh, remoteProgram, location),
    });
  }

  /** The cache; `undefined`, with a warning, when it cannot be made and there are stores to go on with. */
  #cache(location: string, create: boolean): WritableChunkStore | undefined {
    if (schemeOf(location) !== undefined) {
      throw notAFolder("unsupported", `use ${withoutSecrets(location)} as the cache`);
    }
    if (create) refuseToFill(location);
    try {
      return new LocalStore(location, { create });
    } catch (error) {
      const needed = !create || this.#flags.stores === undefined;
      if (needed || !isRefusal(error)) throw error;
      this.#reportCacheProblem(messageOf(error), "without a cache");
      return undefined;
    }
  }

  /** Once is enough: all that read from the cache find out by themselves. */
  #reportCacheProblem(message: string, how: string): void {
    if (!this.#cacheReported) warn(`${message} (continuing ${how})`);
    this.#cacheReported = true;
  }

  /** What it reads is checked as it comes: what is not an index may have no end. */
  async #readIndex(location: string, signal?: AbortSignal): Promise<Index> {
    const scheme = schemeOf(location);
    if (scheme === "http" || scheme === "https") return await this.#downloadIndex(location, signal);
    if (scheme !== undefined) {
      throw unknownScheme(`read the index ${withoutSecrets(location)}`, scheme, READABLE);
    }
    const [path, shown] = location === "-"
      ? [undefined, "standard input"]
      : [location, `the index ${location}`];
    const parser = new IndexParser();
    for await (const piece of filePieces(path, signal, shown)) {
      parser.push(piece);
      freeBytes(piece);
    }
    return parser.finish();
  }

  async #downloadIndex(location: string, signal?: AbortSignal): Promise<Index> {
    const http = parseHttpLocation(location);
    const { url, shown } = http;
    const options = this.#httpOptions(http);
    return await retrying(this.#retry(), signal, async () => {
      const parser = new IndexParser();
      const take = (piece: Uint8Array) => {
        parser.push(piece);
        freeBytes(piece);
      };
      if (await httpRead(url, shown, options, take, signal)) return parser.finish();
      throw new DesyncError("missing-file", `Cannot read the index ${shown}: HTTP status 404`);
    });
  }

  #httpOptions(location: HttpLocation): HttpOptions {
    this.#http ??= { fetch: makeHttpFetch(this.#flags, this.limits.max), idleTimeoutMs: this.#flags.timeout };
    return { ...this.#http, headers: this.#credentials.headersFor(location) };
  }

  #retry(): RetryOptions {
    // As in desync the option counts all tries, and 0 is as good as 1.
    const retries = Math.max(0, this.#flags.errorRetry - 1);
    return { retries, baseIntervalMs: this.#flags.errorRetryBaseInterval };
  }
}

function refuseGroup(location: string): void {
  if (!location.includes("|")) return;
  throw new DesyncError(
    "usage",
    `Cannot open the stores "${
      location.split("|").map(withoutSecrets).join("|")
    }": groups of stores are not supported yet ` +
      "(give --store once for each, they are asked in order)",
  );
}

/** A directory whose name has a comma is several stores unless it is quoted: said where its parts do not exist. */
function refuseCutName(location: string, next: string | undefined): void {
  const whole = `${location},${next}`;
  if (next === undefined || exists(location) || !exists(whole)) return;
  throw new DesyncError(
    "usage",
    `Cannot open the store ${location}: no such directory (a comma separates stores: for ${whole} write -s '"${whole}"')`,
  );
}

/**
 * How a place that casync would reach by ssh (`user@host:/path`) is written here; `undefined` for other places, and for a
 * path that exists.
 */
function asOnAnotherHost(location: string): string | undefined {
  const [, host, path] = /^((?:[^/@:]+@)?[^/@:]{2,}):(.+)$/.exec(location) ?? [];
  if (host === undefined || (!host.includes("@") && !path.startsWith("/")) || exists(location)) {
    return undefined;
  }
  return `for another host write ssh://${host}${
    path.startsWith("/") ? path : "/PATH, with the absolute path"
  }`;
}

/** Nothing is made here in the name of a place on another host. */
function refuseToFill(location: string): void {
  const there = asOnAnotherHost(location);
  if (there === undefined) return;
  throw new DesyncError(
    "usage",
    `Cannot store chunks in ${location}: no such directory, and stores of other hosts are only read ` +
      `(${there}, for a new directory here ./${location})`,
  );
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !isNotFound(error);
  }
}

/** The store that was named, a folder of this machine: there and nowhere else can it be, say, verified. */
export function localStore(location: string | undefined, action: string): LocalStore {
  if (location === undefined) {
    throw missingOption("-s, --store", "name the store, a directory of this machine");
  }
  if (schemeOf(location) === undefined) return new LocalStore(location);
  throw notAFolder("usage", `${action} ${withoutSecrets(location)}`, "run this where the store lies");
}

/** The error for an option that a command cannot do without. */
export function missingOption(option: string, whatToDo: string): DesyncError {
  return new DesyncError("usage", `Missing option ${option}: ${whatToDo}`);
}

function notAFolder(code: ErrorCode, action: string, whatToDo?: string): DesyncError {
  const help = whatToDo === undefined ? "" : ` (${whatToDo})`;
  return new DesyncError(code, `Cannot ${action}: it is not a directory of this machine${help}`);
}

/** Where indexes and archives are read from. */
const READABLE = "a file, -, http, https";
