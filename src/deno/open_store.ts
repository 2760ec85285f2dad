/** Stores and indexes opened by their locations, as the command line opens them. */
import { DesyncError } from "../core/errors.ts";
import type { Index } from "../formats/index/index.ts";
import { isPath } from "../stores/location.ts";
import { Registry } from "../stores/registry.ts";
import type { ChunkStore, RequestOptions, WritableChunkStore } from "../stores/store.ts";
import type { StoreOptions } from "../stores/store_options.ts";
import { wrapStore } from "../stores/wrappers/wrap.ts";
import { affordable } from "./files/open_files.ts";
import { SCHEMES } from "./schemes.ts";

/** How a location is opened. */
export interface OpenOptions extends StoreOptions {
  /** Takes what the user should know, such as that others can read a file with passwords. Default: it is dropped. */
  readonly warn?: (text: string) => void;
}

/**
 * Opens the store at a location: a directory, an `http(s)://`, `s3+http(s)://`, `sftp://` or `ssh://` URL. Failed requests are retried. Nothing is
 * requested before a chunk is; a closed store throws `usage`. Throws `usage` for what is not a location, `missing-file` or
 * `io` for a directory that cannot be read.
 *
 * @example A blob out of a store, wherever that is
 * ```ts
 * import { ChunkedBlob } from "@desync/desync";
 * import { openStore, readIndex } from "@desync/desync/deno";
 *
 * await using store = await openStore("testdata/casync-zstd.castr", { idleTimeoutMs: 10_000 });
 * const index = await readIndex("testdata/casync-blob.caibx");
 * const head = await ChunkedBlob.open(index, store).slice(0, 100).bytes();
 * if (head.length !== 100) throw new Error("a part is missing");
 * ```
 */
export async function openStore(location: string, options: OpenOptions = {}): Promise<ChunkStore> {
  return await opened(options, (registry) => registry.openGroup(location));
}

/**
 * Opens a store to add chunks to. A directory is made unless it is there. Throws what {@linkcode openStore} throws, and
 * `unsupported` for a store that takes no chunks.
 *
 * @example A copy of a chunk
 * ```ts
 * import { openChunk } from "@desync/desync";
 * import { nativeCodec, openStore, openWritableStore } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * await using from = await openStore("testdata/casync-zstd.castr");
 * await using to = await openWritableStore(`${directory}/store`);
 * const id = "16b1c96db6c7d6f593e18793030220c1c43918fd1b3b102804c10ef55213260b";
 * const stored = await from.get(id);
 * if (stored !== null) await to.put(openChunk(nativeCodec, stored, { id, digest: "sha512-256" }));
 * if (!(await to.has(id))) throw new Error("it is there");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function openWritableStore(
  location: string,
  options: OpenOptions = {},
): Promise<WritableChunkStore> {
  return await opened(options, (registry) => {
    const purpose = { action: "store chunks in", subject: registry.redact(location) };
    return registry.openWritable(location, purpose);
  });
}

/**
 * Reads the index at a location: a file, an `http(s)://`, `s3+http(s)://` or `sftp://` URL. Throws `invalid-index` when something else is there,
 * `missing-file`, `io`, `store`, `timeout`, `interrupted`.
 *
 * @example How large a blob is
 * ```ts
 * import { readIndex } from "@desync/desync/deno";
 *
 * const { size } = await readIndex("testdata/casync-blob.caibx");
 * if (size !== 2_436_353) throw new Error(`${size} bytes`);
 * ```
 */
export async function readIndex(
  location: string,
  { signal, ...options }: OpenOptions & RequestOptions = {},
): Promise<Index> {
  await using registry = registryFor(options);
  return await registry.readIndex(location, { signal });
}

/**
 * Writes an index to a location, a file, an `http(s)://`, `s3+http(s)://` or `sftp://` URL: it appears there complete, or not at all. Throws `usage` for
 * a location that takes no index, `missing-file`, `io`, `store`, `timeout`, `interrupted`.
 *
 * @example A copy of an index
 * ```ts
 * import { readIndex, writeIndex } from "@desync/desync/deno";
 *
 * const path = await Deno.makeTempFile();
 * await writeIndex(path, await readIndex("testdata/casync-blob.caibx"));
 * if ((await readIndex(path)).count === 0) throw new Error("it has chunks");
 * await Deno.remove(path);
 * ```
 */
export async function writeIndex(
  location: string,
  index: Index,
  { signal, ...options }: OpenOptions & RequestOptions = {},
): Promise<void> {
  await using registry = registryFor(options);
  const { store, name } = await registry.openIndexTarget(location);
  await store.write(name, index, { signal });
}

/** A store that closes what it was opened by when it is closed, and makes no requests after that. */
async function opened<S extends ChunkStore>(
  options: OpenOptions,
  open: (registry: Registry) => Promise<S>,
): Promise<S> {
  await using resources = new AsyncDisposableStack();
  const store = await open(resources.use(registryFor(options)));
  resources.defer(store[Symbol.asyncDispose].bind(store));
  const kept = resources.move();
  store[Symbol.asyncDispose] = () => kept.disposeAsync();
  const subject = `the store ${store.properties.location}`;
  return wrapStore(store, async (send) => {
    if (kept.disposed) throw new DesyncError("usage", { action: "use", subject, reason: "it is closed" });
    return await send();
  });
}

function registryFor({ warn = () => {}, ...options }: OpenOptions): Registry {
  return new Registry(SCHEMES, { warn }, (location) => ({
    connections: isPath(location) ? undefined : affordable().connections,
    ...options,
  }));
}
