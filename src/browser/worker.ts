/** The program of a web worker: decompresses and verifies, cuts files, or writes a file. Each task is answered by one message. */
import type { Codec } from "../codec/codec.ts";
import { decompressPrefixed } from "../codec/prefixed_frame.ts";
import { isInvalid, openChunk } from "../codec/open_chunk.ts";
import { concat, ownBuffer, toHex } from "../core/bytes.ts";
import { errorToWire } from "../core/errors.ts";
import { ChunkerStream } from "../chunker/stream.ts";
import type { PatchResult } from "../transfer/delta_messages.ts";
import { fileFailure } from "./file_failure.ts";
import type { AccessibleFile, FileHandle } from "./file_system.ts";
import { OutputFile } from "./output_file.ts";
import type {
  CutFile,
  CutFileTask,
  FetchedChunk,
  OpenedChunks,
  PatchFrameTask,
  ReadSeedsTask,
  SeedChunk,
  WebReply,
  WebTask,
} from "./tasks.ts";
import { loadWasmCodec } from "./wasm_codec.ts";

/** Bytes that are cut between two reports. */
const REPORT_BYTES = 4 * 1024 * 1024;

const codec = loadWasmCodec();
let output: OutputFile | undefined;
/** One task after the other. */
let last: Promise<void> = Promise.resolve();

/** What a worker's global object has. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<{ number: number; task: WebTask }>) => void) | null;
  postMessage(reply: WebReply, transfer?: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data: { number, task } }) => {
  last = last.then(async () => {
    try {
      const result = await perform(await codec, task, (bytes) => {
        scope.postMessage({ kind: "progress", number, bytes });
      });
      scope.postMessage({ kind: "done", number, result }, buffersOf(result));
    } catch (error) {
      scope.postMessage({ kind: "failed", number, error: errorToWire(error) });
    }
  });
};

async function perform(codec: Codec, task: WebTask, report: (bytes: number) => void): Promise<unknown> {
  switch (task.kind) {
    case "open":
      return task.chunks.map((chunk) => opened(codec, { ...chunk, digest: task.digest }));
    case "seeds":
      return await readSeeds(codec, task);
    case "patch":
      return await patch(codec, task);
    case "cut":
      return await cut(codec, task, report);
    case "output":
      output = await OutputFile.open(accessible(task.file), task.size, codec);
      return output.resumed;
    case "write":
      return output?.write(task.pieces);
    case "probe":
      return output?.probe(task.digest, task.chunks);
    case "close":
      output?.close();
      output = undefined;
  }
}

/** Every file of the private file system is one in a worker. */
function accessible(file: FileHandle): AccessibleFile {
  return file as unknown as AccessibleFile;
}

function opened(
  codec: Codec,
  { stored, ...expected }: FetchedChunk & { readonly digest: CutFileTask["digest"] },
): OpenedChunks[number] {
  try {
    return openChunk(codec, stored, expected).bytes as Uint8Array<ArrayBuffer>;
  } catch (error) {
    // The page may fetch another copy.
    if (isInvalid(error)) return errorToWire(error);
    throw error;
  }
}

async function readSeeds(codec: Codec, { digest, chunks }: ReadSeedsTask): Promise<OpenedChunks> {
  const all: OpenedChunks = [];
  for (const chunk of chunks) {
    try {
      const bytes = await read(chunk);
      const isRight = toHex(codec.digest(digest, bytes)) === chunk.id;
      all.push(isRight ? bytes : null);
    } catch (error) {
      all.push(errorToWire(fileFailure("read", "the older file", error)));
    }
  }
  return all;
}

/** As DeltaWorker does. */
async function patch(codec: Codec, { digest, frame, size, base }: PatchFrameTask): Promise<PatchResult> {
  const prefix: Uint8Array[] = [];
  const missing: number[] = [];
  const verified: number[] = [];
  for (const [i, { places, isVerified }] of base.entries()) {
    const found = await findOld(codec, digest, places, isVerified);
    if (found === undefined) missing.push(i);
    else prefix.push(found.bytes);
    if (found?.isFirst) verified.push(i);
  }
  if (missing.length > 0) return { missing, verified };
  try {
    return { bytes: decompressPrefixed(codec, frame, prefix, size), missing, verified };
  } catch (error) {
    if (!isInvalid(error)) throw error;
    return { missing, verified, problem: errorToWire(error) };
  }
}

/** A file that cannot be read does not have it. */
async function findOld(
  codec: Codec,
  digest: PatchFrameTask["digest"],
  places: readonly SeedChunk[],
  isVerified: boolean,
): Promise<{ readonly bytes: Uint8Array; readonly isFirst: boolean } | undefined> {
  for (const [i, place] of places.entries()) {
    const isFirst = i === 0;
    const bytes = await read(place).catch(() => undefined);
    if (bytes?.length !== place.size) continue;
    if ((isVerified && isFirst) || toHex(codec.digest(digest, bytes)) === place.id) return { bytes, isFirst };
  }
  return undefined;
}

async function read({ file, offset, size }: SeedChunk): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(offset, offset + size).arrayBuffer());
}

async function cut(
  codec: Codec,
  { file, sizes, digest }: CutFileTask,
  report: (bytes: number) => void,
): Promise<CutFile> {
  const lengths: number[] = [];
  const ids: Uint8Array[] = [];
  let done = 0;
  let reported = 0;
  const stream = file.stream().pipeThrough(new ChunkerStream(sizes)).getReader();
  try {
    for (let next = await stream.read(); !next.done; next = await stream.read()) {
      lengths.push(next.value.length);
      ids.push(codec.digest(digest, next.value));
      done += next.value.length;
      if (done - reported < REPORT_BYTES) continue;
      report(done);
      reported = done;
    }
  } catch (error) {
    throw fileFailure("read", "the older file", error);
  }
  return { lengths, ids: concat(ids) };
}

/** Bytes are moved to the page, not copied. */
function buffersOf(result: unknown): ArrayBuffer[] {
  if (isPatched(result)) return ownBuffer(result.bytes);
  if (!Array.isArray(result)) return [];
  return result.filter((one) => one instanceof Uint8Array).flatMap(ownBuffer);
}

function isPatched(result: unknown): result is { readonly bytes: Uint8Array } {
  return typeof result === "object" && result !== null && "bytes" in result &&
    result.bytes instanceof Uint8Array;
}
