/** The program of a web worker: decompresses and verifies, cuts files, or writes a file. Each task is answered by one message. */
import type { Codec } from "../codec/codec.ts";
import { isInvalid, openChunk } from "../codec/open_chunk.ts";
import { concat, freeBytes, ownBuffer, toHex } from "../core/bytes.ts";
import type { ChunkId, StoredChunk } from "../core/chunk.ts";
import { DesyncError, errorToWire } from "../core/errors.ts";
import { ChunkerStream } from "../chunker/stream.ts";
import type { PatchResult, PatchTask } from "../transfer/delta_messages.ts";
import { frameMaking, type WantedPart } from "../transfer/frame_making.ts";
import { fileFailure } from "./file_failure.ts";
import type { AccessibleFile, FileHandle } from "./file_system.ts";
import { OutputFile } from "./output_file.ts";
import { requestBatch } from "./request_batch.ts";
import type {
  CutFile,
  CutFileTask,
  FetchChunksTask,
  FetchedChunk,
  FetchedChunks,
  OpenedChunks,
  OpenedOutput,
  ReadSeedsTask,
  SharedOutput,
  WantedChunk,
  WebMessage,
  WebReply,
  WebTask,
} from "./tasks.ts";
import { loadWasmCodec } from "./wasm_codec.ts";

/** Bytes that are cut between two reports. */
const REPORT_BYTES = 4 * 1024 * 1024;

const codec = loadWasmCodec();
let output: OutputFile | undefined;
/** The files that other workers write to as well, by their names in tasks. */
const shared = new Map<string, Promise<OutputFile>>();
/** One task after the other. */
let last: Promise<void> = Promise.resolve();
/** Ends the requests of the tasks with these numbers. */
const running = new Map<number, AbortController>();

/** What a worker's global object has. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<WebMessage>) => void) | null;
  postMessage(reply: WebReply, transfer?: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => {
  const { number } = data;
  if ("isAborted" in data) return running.get(number)?.abort();
  const { task } = data;
  // The request begins at once: while it is answered, others are worked on.
  const fetched = task.kind === "fetch" ? fetchChunks(number, task) : undefined;
  const perform = async () => {
    try {
      const report = (bytes: number) => scope.postMessage({ kind: "progress", number, bytes });
      const result = await performTask(await codec, task, report, fetched);
      scope.postMessage({ kind: "done", number, result }, buffersOf(result));
    } catch (error) {
      scope.postMessage({ kind: "failed", number, error: errorToWire(error) });
    }
  };
  const enqueue = () => {
    last = last.then(perform);
  };
  if (fetched === undefined) enqueue();
  else {
    // What was asked for first may arrive last.
    fetched.then(() => {
      scope.postMessage({ kind: "progress", number, bytes: 0 });
      enqueue();
    });
  }
};

/** The chunks that came; `undefined` when there is no answer. */
async function fetchChunks(number: number, { request, chunks }: FetchChunksTask): Promise<Fetched> {
  const stop = new AbortController();
  running.set(number, stop);
  try {
    return await requestBatch(request, chunks.map(({ id }) => id), stop.signal);
  } finally {
    running.delete(number);
  }
}

type Fetched = ReadonlyMap<ChunkId, StoredChunk | null> | undefined;

async function performTask(
  codec: Codec,
  task: WebTask,
  report: (bytes: number) => void,
  fetched: Promise<Fetched> | undefined,
): Promise<unknown> {
  switch (task.kind) {
    case "open": {
      const target = await joined(codec, task.output);
      return task.chunks.map((chunk) => openedInto(target, codec, { ...chunk, digest: task.digest }));
    }
    case "fetch":
      return openFetched(codec, task, await fetched, await joined(codec, task.output));
    case "seeds":
      return await readSeeds(codec, task, await joined(codec, task.output));
    case "patch":
      return await patch(codec, task);
    case "cut":
      return await cut(codec, task, report);
    case "output": {
      const { file, size, share } = task;
      const { output: opened, shared } = await OutputFile.open(accessible(file), { size, share, codec });
      output = opened;
      return { resumed: opened.resumed, shared } satisfies OpenedOutput;
    }
    case "write":
      return output?.write(task.pieces);
    case "probe":
      return output?.probe(task.digest, task.chunks);
    case "release":
      for (const file of await Promise.all(shared.values())) file.leave();
      return shared.clear();
    case "close":
      output?.close();
      output = undefined;
  }
}

/** The file of the task, open. */
async function joined(codec: Codec, of: SharedOutput | undefined): Promise<OutputFile | undefined> {
  if (of === undefined) return undefined;
  const known = shared.get(of.name);
  if (known !== undefined) return await known;
  const file = OutputFile.join(accessible(of.file), codec);
  shared.set(of.name, file);
  file.catch(() => shared.delete(of.name));
  return await file;
}

/** Writes the chunk where there is a file for it. */
function taken(
  bytes: OpenedChunks[number],
  { offsets }: WantedChunk,
  target: OutputFile | undefined,
): OpenedChunks[number] {
  if (target === undefined || !(bytes instanceof Uint8Array)) return bytes;
  target.write([{ bytes, offsets }]);
  return "written";
}

function openFetched(
  codec: Codec,
  { chunks, digest }: FetchChunksTask,
  fetched: Fetched,
  target: OutputFile | undefined,
): FetchedChunks {
  const storedBytes: number[] = [];
  const all = chunks.map((chunk) => {
    const stored = fetched?.get(chunk.id) ?? null;
    storedBytes.push(stored?.bytes.length ?? 0);
    if (stored === null) return null;
    const one = openedInto(target, codec, { ...chunk, stored, digest });
    return one === "written" || one instanceof Uint8Array ? one : null;
  });
  for (const stored of fetched?.values() ?? []) {
    // The bytes of a plain one may be on their way to the page.
    if (stored !== null && (stored.form === "compressed" || target !== undefined)) freeBytes(stored.bytes);
  }
  return { answered: fetched !== undefined, opened: all, storedBytes };
}

/** Every file of the private file system is one in a worker. */
function accessible(file: FileHandle): AccessibleFile {
  return file as unknown as AccessibleFile;
}

/** Opens the chunk, and writes it where there is a file for it. */
function openedInto(
  target: OutputFile | undefined,
  codec: Codec,
  chunk: ExpectedFetched,
): OpenedChunks[number] {
  const bytes = opened(codec, chunk);
  const outcome = taken(bytes, chunk, target);
  if (outcome === "written" && chunk.stored.form === "compressed") freeBytes(bytes as Uint8Array);
  return outcome;
}

/** With the digest that it has to have. */
type ExpectedFetched = FetchedChunk & { readonly digest: CutFileTask["digest"] };

function opened(codec: Codec, { stored, ...expected }: ExpectedFetched): OpenedChunks[number] {
  try {
    return openChunk(codec, stored, expected).bytes as Uint8Array<ArrayBuffer>;
  } catch (error) {
    // The page may fetch another copy.
    if (isInvalid(error)) return errorToWire(error);
    throw error;
  }
}

async function readSeeds(
  codec: Codec,
  { digest, chunks }: ReadSeedsTask,
  target: OutputFile | undefined,
): Promise<OpenedChunks> {
  const all: OpenedChunks = [];
  for (const chunk of chunks) {
    try {
      const bytes = await read(chunk);
      const isRight = toHex(codec.digest(digest, bytes)) === chunk.id;
      all.push(isRight ? taken(bytes, chunk, target) : null);
    } catch (error) {
      // Not what the file that is written says.
      if (error instanceof DesyncError) throw error;
      all.push(errorToWire(fileFailure("read", "the older file", error)));
    }
  }
  return all;
}

/** A file that cannot be read does not have what is looked for. */
async function patch(codec: Codec, task: PatchTask<Blob>): Promise<PatchResult> {
  const making = frameMaking(codec, task);
  let step = making.next();
  while (!step.done) step = making.next(await read(step.value).catch(() => undefined));
  return step.value;
}

async function read({ file, offset, size }: WantedPart<Blob>): Promise<Uint8Array<ArrayBuffer>> {
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
  if (typeof result === "object" && result !== null && "opened" in result) return buffersOf(result.opened);
  if (!Array.isArray(result)) return [];
  return result.filter((one) => one instanceof Uint8Array).flatMap(ownBuffer);
}

function isPatched(result: unknown): result is { readonly bytes: Uint8Array } {
  return typeof result === "object" && result !== null && "bytes" in result &&
    result.bytes instanceof Uint8Array;
}
