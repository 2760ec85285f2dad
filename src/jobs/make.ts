/** Cuts a blob into chunks: its index, and its chunks in a store where one is given. */
import type { ChunkerStreamOptions } from "../chunker/stream.ts";
import { concat } from "../core/bytes.ts";
import { ENTRY_BYTES } from "../formats/archive/archive_elements.ts";
import { featuresAtStart } from "../formats/archive/archive_node.ts";
import type { Index } from "../formats/index/index.ts";
import { IndexBuilder } from "../formats/index/index_builder.ts";
import { forEachConcurrent } from "../core/for_each_concurrent.ts";
import {
  type CutSpan,
  type CuttingOptions,
  type FileRange,
  type SpanGroup,
  spansOfFile,
  spansOfStream,
} from "../transfer/chunk_spans.ts";
import { ChunkWriter } from "../transfer/chunk_writer.ts";
import type { Workers } from "../transfer/ports.ts";
import { Progress } from "../core/progress.ts";
import { withFlush } from "../transfer/flush.ts";

/** How a blob is made into chunks. Without a store to fill, only the index is made. */
export interface MakeOptions extends CuttingOptions {
  /**
   * Feature flags of the index besides the digest's. Default: those of the archive that a stream is, else those that casync
   * sets for a blob.
   */
  readonly flags?: bigint;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** What was made. */
export interface Made {
  /** The index. */
  readonly index: Index;
  /** Chunks that the store lacked and got. */
  readonly added: number;
  /** Bytes that they take there. */
  readonly addedBytes: number;
}

/** The first group of spans holds as many bytes, or the whole blob. */
const START_BYTES = ENTRY_BYTES;

/** Makes chunks of a part of a file. */
export async function makeFromFile(file: FileRange, workers: Workers, options: MakeOptions): Promise<Made> {
  return await make(file.path, () => spansOfFile(file, options, workers), workers, options);
}

/** Makes chunks of a stream; `name` is what it is called in messages. */
export async function makeFromStream(
  name: string,
  stream: ReadableStream<Uint8Array>,
  workers: Workers,
  options: MakeOptions & ChunkerStreamOptions,
): Promise<Made> {
  const { sizes, ownsPieces } = options;
  return await make(name, (signal) => spansOfStream(stream, sizes, { signal, ownsPieces }), workers, options);
}

/** Hashes the spans that are not known, which come in order, and has them stored. */
async function make(
  name: string,
  groups: (signal: AbortSignal) => AsyncIterable<SpanGroup>,
  workers: Workers,
  options: MakeOptions,
): Promise<Made> {
  const { digest, destination, progress = new Progress() } = options;
  const done = new Map<number, { lengths: number[]; ids: Uint8Array }>();
  let builder = new IndexBuilder(options.sizes, digest, options.flags);
  let next = 0;
  let added = 0;
  let addedBytes = 0;
  const writer = new ChunkWriter(workers, { file: name, digest, destination });
  const take = async ({ first, spans }: SpanGroup, signal: AbortSignal) => {
    // Noted before the bytes are handed over.
    if (first === 0 && options.flags === undefined) {
      builder = new IndexBuilder(options.sizes, digest, featuresAtStart(startOf(spans)));
    }
    const lengths = spans.map((span) => span.size);
    const result = await writer.write(spans, { signal });
    added += result.added;
    addedBytes += result.addedBytes;
    progress.add(
      { kind: "input", location: name },
      spans.length,
      lengths.reduce((sum, length) => sum + length, 0),
      result.addedBytes,
    );
    done.set(first, { lengths, ids: result.ids });
    for (let group = done.get(next); group !== undefined; group = done.get(next)) {
      done.delete(next);
      builder.add(group.lengths, group.ids);
      next += group.lengths.length;
    }
  };
  await withFlush(workers, () => forEachConcurrent(groups, writer.concurrency, options.signal, take));
  return { index: builder.build(), added, addedBytes };
}

/** Bytes at the start of the blob, as far as these first spans have their bytes with them: enough for what begins there. */
function startOf(spans: readonly CutSpan[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = 0, length = 0; i < spans.length && length < START_BYTES; i++) {
    const { bytes } = spans[i];
    if (bytes === undefined) break;
    parts.push(bytes.subarray(0, START_BYTES));
    length += bytes.length;
  }
  return concat(parts);
}
