/** What the main thread asks of a worker about deltas, and what it answers: plain data, as in messages.ts. */
import type { ChunkId, DigestName, StoredChunk } from "../core/chunk.ts";
import type { WireError } from "../core/errors.ts";
import type { SeedFile } from "./messages.ts";

/** A chunk of one of two versions, where it lies in a file, or its bytes. */
export interface VersionChunk {
  readonly id: ChunkId;
  readonly size: number;
  readonly place?: { readonly file: SeedFile; readonly offset: number };
  readonly bytes?: Uint8Array;
}

/** Find out what chunks are like. Each is verified: throws `mismatch` for a file that is not what its index describes. */
export interface SketchTask {
  readonly kind: "sketch";
  readonly digest: DigestName;
  readonly chunks: readonly VersionChunk[];
  /** One shingle in `2 ** sampleBits` is sampled. */
  readonly sampleBits: number;
}

/** Answer to {@linkcode SketchTask}: for each chunk its samples. */
export interface SketchResult {
  readonly samples: Uint32Array[];
}

/** Compress chunks into a frame, with old ones as its prefix where there are any. */
export interface FrameTask {
  readonly kind: "frame";
  readonly chunks: readonly VersionChunk[];
  readonly base: readonly VersionChunk[];
  /** The digest by which chunks in files are verified, where that was not done before. Throws as {@linkcode SketchTask} does. */
  readonly verifyBy?: DigestName;
  readonly level: number;
  /** Find out what the chunks would take in a store, even where that is not needed. */
  readonly measure: boolean;
}

/** Answer to {@linkcode FrameTask}. */
export interface FrameResult {
  /** The smaller one is taken. */
  readonly codec: "prefixed" | "alone";
  readonly frame: Uint8Array<ArrayBuffer>;
  /** About the bytes that the chunks take in a store, where that was found out. */
  readonly storedBytes?: number;
  /** The prefix helps so much that the rest was not tried. */
  readonly isSure: boolean;
}

/** Where a chunk should be. */
export interface PatchPlace<File = SeedFile> {
  readonly file: File;
  readonly offset: number;
}

/** An old chunk that a frame needs. */
export interface PatchBase<File = SeedFile> {
  readonly id: ChunkId;
  readonly size: number;
  /** Where seeds should have it: tried in order. */
  readonly places: readonly PatchPlace<File>[];
  /** The chunk, as another source has it. */
  readonly given?: StoredChunk;
  /** It was verified before, where it lies first. */
  readonly isVerified: boolean;
}

/** Make the new chunks of a frame. They are not verified. */
export interface PatchTask<File = SeedFile> {
  readonly kind: "patch";
  readonly digest: DigestName;
  readonly frame: Uint8Array;
  /** Bytes of its content. */
  readonly size: number;
  readonly base: readonly PatchBase<File>[];
}

/** Answer to {@linkcode PatchTask}. */
export interface PatchResult {
  /** The content; `undefined` when it cannot be made. */
  readonly bytes?: Uint8Array;
  /** Old chunks that are nowhere, by their numbers in the task. */
  readonly missing: readonly number[];
  /** Old chunks that were verified where they lie first. */
  readonly verified: readonly number[];
  /** What is wrong with the frame. */
  readonly problem?: WireError;
}

/** The threads that use deltas. */
export interface PatchingWorkers {
  patch(task: Omit<PatchTask, "kind">): Promise<PatchResult>;
}

/** The threads that do all of that work. */
export interface DeltaWorkers extends PatchingWorkers {
  /** How many there are. */
  readonly size: number;
  sketch(task: Omit<SketchTask, "kind">): Promise<SketchResult>;
  frame(task: Omit<FrameTask, "kind">): Promise<FrameResult>;
  /** Makes all of them close their files. */
  release(): Promise<void>;
}
