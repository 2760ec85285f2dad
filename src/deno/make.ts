/** Files and streams cut into chunks, with everything wired: the store and the workers. */
import type { ChunkSizes, DigestName } from "../core/chunk.ts";
import type { ChunkerStreamOptions } from "../chunker/stream.ts";
import { DEFAULT_CHUNK_SIZES } from "../chunker/params.ts";
import { DesyncError } from "../core/errors.ts";
import { featuresAtStart } from "../formats/archive/archive_node.ts";
import {
  type Made,
  makeFromFile as cutFile,
  makeFromStream as cutStream,
  type MakeOptions as CutOptions,
} from "../jobs/make.ts";
import type { FilledDestination } from "../transfer/store_writer.ts";
import type { Workers } from "../transfer/ports.ts";
import type { WritableChunkStore } from "../stores/store.ts";
import { WorkerPool } from "../workers/pool.ts";
import { checkUnchanged, inspectSource, startOfFile } from "./files/source_file.ts";
import { fillStore, type StoringOptions } from "./store/storing_options.ts";

/** How a blob is cut, and what gets its chunks. */
export interface MakeOptions extends StoringOptions {
  /** Gets the chunks that it lacks. Default: only the index is made. */
  readonly store?: WritableChunkStore;
  /** Sizes of the chunks. Default: casync's, 64 KB on average. */
  readonly sizes?: ChunkSizes;
  /** Which digest the ids are. Default: SHA-512/256. */
  readonly digest?: DigestName;
}

/** What {@linkcode makeFromFile} may be given. */
export interface MakeFromFileOptions extends MakeOptions {
  /** The byte of the file that the blob begins with. Default: 0. */
  readonly start?: number;
}

/** What {@linkcode makeFromStream} may be given. */
export interface MakeFromStreamOptions extends MakeOptions, ChunkerStreamOptions {
  /** What the stream is called in messages. Default: `the stream`. */
  readonly name?: string;
}

/**
 * Cuts a file or block device of this machine into chunks where casync cuts it, by all processors. The store, if one is
 * given, gets the chunks that it lacks. The index is returned when all of them are there.
 *
 * Throws {@linkcode DesyncError}: `usage` for what is not a file, `missing-file`, `io`, also when the file changed
 * meanwhile, `interrupted`, and what the store throws.
 *
 * @example Store a file, and write its index
 * ```ts
 * import { serializeIndex } from "@desync/desync";
 * import { LocalStore, makeFromFile } from "@desync/desync/deno";
 *
 * const directory = await Deno.makeTempDir();
 * const store = new LocalStore(`${directory}/store`, { create: true });
 * const { index, added } = await makeFromFile("testdata/tree.catar", { store });
 * await Deno.writeFile(`${directory}/tree.caidx`, serializeIndex(index));
 * if (added !== index.count) throw new Error("the store was empty");
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export async function makeFromFile(path: string, options: MakeFromFileOptions = {}): Promise<Made> {
  const { start = 0, progress } = options;
  const source = inspectSource(path);
  const { size } = source;
  if (start > size) {
    throw new DesyncError("usage", {
      action: "begin at",
      subject: `byte ${start}`,
      reason: `${path} has ${size} bytes`,
    });
  }
  if (progress !== undefined) progress.total = size - start;
  // An archive's index has the archive's feature flags: casync reads no other.
  const flags = start === 0 ? featuresAtStart(startOfFile(path, source)) : undefined;
  return await storing(options, async (workers, destination) => {
    const made = await cutFile({ path, start, end: size }, workers, {
      ...cutting(options),
      flags,
      destination,
    });
    checkUnchanged(path, source);
    return made;
  });
}

/**
 * Cuts a stream into chunks as {@linkcode makeFromFile} does with a file. It is never in memory as a whole.
 *
 * Throws what the stream and the store throw, and `interrupted`.
 *
 * @example The index of a blob that comes from elsewhere
 * ```ts
 * import { makeFromStream } from "@desync/desync/deno";
 *
 * using file = await Deno.open("testdata/tree.catar"); // (await fetch("https://example.com/image")).body
 * const { index } = await makeFromStream(file.readable);
 * if (index.size !== (await Deno.stat("testdata/tree.catar")).size) throw new Error("a part is missing");
 * ```
 */
export async function makeFromStream(
  stream: ReadableStream<Uint8Array>,
  options: MakeFromStreamOptions = {},
): Promise<Made> {
  const { name = "the stream", ownsPieces } = options;
  return await storing(
    options,
    (workers, destination) =>
      cutStream(name, stream, workers, { ...cutting(options), destination, ownsPieces }),
  );
}

/** What of the options is about cutting. */
export function cutting(
  { sizes = DEFAULT_CHUNK_SIZES, digest = "sha512-256", signal, progress }: MakeOptions,
): Pick<CutOptions, "sizes" | "digest" | "signal" | "progress"> {
  return { sizes, digest, signal, progress };
}

/** Runs `work` with workers and what they fill. The store has to be where it was when the work is done. */
export async function storing<T>(
  options: MakeOptions,
  work: (workers: Workers, destination: FilledDestination | undefined) => Promise<T>,
): Promise<T> {
  using filled = options.store === undefined ? undefined : fillStore(options.store, options);
  using workers = new WorkerPool(options.threads);
  const made = await work(workers, filled?.destination);
  filled?.check();
  return made;
}
