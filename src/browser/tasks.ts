/** What the page asks of its web workers and what they answer: plain data, the same on both sides. */
import type { ChunkId, ChunkSizes, DigestName, StoredChunk } from "../core/chunk.ts";
import type { WireError } from "../core/errors.ts";
import type { PatchTask } from "../transfer/delta_messages.ts";
import type { BatchRequest } from "../stores/store.ts";
import type { FileHandle } from "./file_system.ts";

/** Decompress and verify chunks that were fetched. */
export interface OpenChunksTask {
  readonly kind: "open";
  readonly digest: DigestName;
  readonly chunks: readonly FetchedChunk[];
  readonly output?: SharedOutput;
}

/** A file that several workers write to at a time. */
export interface SharedOutput {
  /** What it is called in tasks. */
  readonly name: string;
  readonly file: FileHandle;
}

/** A chunk, what it has to be, and its places in the file that is written. */
export interface WantedChunk {
  readonly id: ChunkId;
  readonly size: number;
  readonly offsets: readonly number[];
}

/** A chunk as a store gave it. */
export interface FetchedChunk extends WantedChunk {
  readonly stored: StoredChunk;
}

/** Fetch chunks by one request, decompress and verify them. */
export interface FetchChunksTask {
  readonly kind: "fetch";
  readonly digest: DigestName;
  readonly request: BatchRequest;
  readonly chunks: readonly WantedChunk[];
  readonly output?: SharedOutput;
}

/** For each chunk what came of it, and the bytes that it took on the way. `null`: it did not come, or was not right. */
export interface FetchedChunks {
  readonly answered: boolean;
  readonly opened: OpenedChunks;
  readonly storedBytes: number[];
}

/** Read and verify chunks in files of the user's. */
export interface ReadSeedsTask {
  readonly kind: "seeds";
  readonly digest: DigestName;
  readonly chunks: readonly SeedChunk[];
  readonly output?: SharedOutput;
}

/** A chunk, and where in a file it should be. */
export interface SeedPart {
  readonly id: ChunkId;
  readonly size: number;
  readonly file: Blob;
  readonly offset: number;
}

/** The same, and its places in the file that is written. */
export type SeedChunk = SeedPart & WantedChunk;

/**
 * For each chunk its bytes, or "written" when the task has an output, or why they are not used; `null` where there is something
 * else.
 */
export type OpenedChunks = (Uint8Array<ArrayBuffer> | "written" | WireError | null)[];

/** Cut a file into chunks. While it goes on, the bytes that are done are posted. */
export interface CutFileTask {
  readonly kind: "cut";
  readonly file: Blob;
  readonly sizes: ChunkSizes;
  readonly digest: DigestName;
}

/** The chunks of a file. */
export interface CutFile {
  readonly lengths: number[];
  readonly ids: Uint8Array<ArrayBuffer>;
}

/** Open the file that is written to. */
export interface OpenOutputTask {
  readonly kind: "output";
  readonly file: FileHandle;
  /** Others may write to it as well, if the browser can do that. */
  readonly share: boolean;
  /** The bytes that it is to have. */
  readonly size: number;
}

/** What it is like. */
export interface OpenedOutput {
  /** Whether it has been written to before. */
  readonly resumed: boolean;
  /** Whether others may write to it as well. */
  readonly shared: boolean;
}

/** Write chunks to their places in it. */
export interface WriteTask {
  readonly kind: "write";
  readonly pieces: readonly WrittenPiece[];
}

/** Bytes that are written to all those places. */
export interface WrittenPiece {
  readonly bytes: Uint8Array;
  readonly offsets: readonly number[];
}

/** Find out which of its places have the right chunks, and copy them from there to their other places. */
export interface ProbeTask {
  readonly kind: "probe";
  readonly digest: DigestName;
  readonly chunks: readonly ProbedChunk[];
}

/** A chunk and its places. */
export interface ProbedChunk {
  readonly id: ChunkId;
  readonly size: number;
  readonly offsets: readonly number[];
  /** Where it should be already, if that is known. */
  readonly copyFrom?: number;
  /** It is zeros. */
  readonly isZeros: boolean;
}

/** For each chunk what was found. */
export type Probed = ("in place" | "copied" | "missing")[];

/** Bring what was written to the disk, and close it. */
export interface CloseOutputTask {
  readonly kind: "close";
}

/** Close the files that are written to together with others. */
export interface ReleaseTask {
  readonly kind: "release";
}

/** All that a web worker can be asked. */
export type WebTask =
  | OpenChunksTask
  | FetchChunksTask
  | ReleaseTask
  | ReadSeedsTask
  | PatchTask<Blob>
  | CutFileTask
  | OpenOutputTask
  | WriteTask
  | ProbeTask
  | CloseOutputTask;

/** What is posted to a web worker: a task, or that the one with that number need not go on. */
export type WebMessage =
  | { readonly number: number; readonly task: WebTask }
  | { readonly number: number; readonly isAborted: true };

/** What a web worker posts: the outcome of the task with that number, or how far it is. */
export type WebReply =
  | { readonly kind: "done"; readonly number: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly number: number; readonly error: WireError }
  | { readonly kind: "progress"; readonly number: number; readonly bytes: number };
