/** What the main thread asks of a worker and what it answers: plain data, the same on both sides. */
import type { ChunkId, ChunkSizes, DigestName, StoredChunk, StoredForm } from "../core/chunk.ts";
import type { ChunkKey } from "../core/chunk_key.ts";
import type { ChunkEncoding } from "../codec/encode_chunk.ts";
import type { VerifiedChunk } from "../codec/open_chunk.ts";
import type { WireError } from "../core/errors.ts";
import type { BatchRequest, NearFailure, NearRequest } from "../stores/store.ts";
import type { FrameTask, PatchTask, SketchTask } from "./delta_messages.ts";
import type { SeedPlace } from "./seeds/assign.ts";

/** A directory that may have the chunks. */
export interface DirectorySource {
  readonly directory: string;
  /** With which key its chunks are encrypted, if they are. */
  readonly encryption?: ChunkKey;
  /** For the cache, what its policy says applies to what is read and to invalid chunks. */
  readonly role: "cache" | "store";
  /** An invalid chunk of the cache is removed and counts as missing: it will be replaced. */
  readonly repair: boolean;
}

/** Which file or directory of this machine it is, whatever its path. */
export interface FileIdentity {
  readonly device: number;
  /** `null` where the system has none. */
  readonly inode: number | null;
}

/** A directory to which workers add chunks. */
export interface DirectoryDestination {
  readonly kind: "directory";
  readonly directory: string;
  /** With which key its chunks are to be encrypted, if at all. */
  readonly encryption?: ChunkKey;
  readonly encoding: ChunkEncoding;
  /** Where it has to stay the same directory. */
  readonly identity?: FileIdentity;
  /**
   * Where no power cut may leave a part of a chunk under its name: a name of the run that fills it, unlike all others.
   * Its chunks get their names at the latest when the workers are flushed.
   */
  readonly run?: string;
}

/** Any other store: the worker gives the encoded chunks back to the main thread, which puts them there. */
export interface MainDestination {
  readonly kind: "main";
  readonly encoding: ChunkEncoding;
  /** With which key the worker encrypts them, if at all. */
  readonly encryption?: ChunkKey;
}

/** Where chunks are added, and how. */
export type ChunkDestination = DirectoryDestination | MainDestination;

/** The blob under construction. */
export interface TargetInfo {
  readonly path: string;
  /** What it is called in messages. */
  readonly displayName: string;
  /** Runs of zeros become holes. It reads as zeros where nothing has been written, unless it is resumed. */
  readonly sparse: boolean;
  /** An interrupted run wrote to it: it may hold anything. */
  readonly resumed: boolean;
  /** Which file the path has to lead to, where the system can say so. */
  readonly identity?: FileIdentity;
}

/** A file at hand that may have chunks: a regular file or a block device. */
export interface SeedFile {
  readonly path: string;
  /** What it is called in messages. */
  readonly displayName: string;
}

/** One chunk that has to be delivered. */
export interface AssembleItem {
  readonly id: ChunkId;
  readonly size: number;
  /** Its places in the blob. */
  readonly offsets: readonly number[];
  /** Where in the target it should be already, from which it is copied then. */
  readonly copyFrom?: number;
  /** Where seeds should have it: tried in order. */
  readonly places?: readonly SeedPlace[];
  /** It was cloned to some of its places in the target, unverified: where it is right, nothing more is done. */
  readonly cloned?: boolean;
  /** It is the chunk of zeros, which holes of the target hold. */
  readonly isZeros?: boolean;
  /** The chunk's bytes, which a worker verified. */
  readonly verified?: Uint8Array;
  /** The chunk, when it has been fetched already. */
  readonly given?: StoredChunk;
}

/** Read and verify chunks, and write them to a blob, to a store, or to both. */
export interface AssembleTask {
  readonly kind: "assemble";
  readonly digest: DigestName;
  readonly target?: TargetInfo;
  /** Look first whether the target itself has the right bytes already. */
  readonly probeTarget: boolean;
  /** Asked first for chunks that are not given: the items say where in them. */
  readonly seeds?: readonly SeedFile[];
  /** Searched in order for chunks that are in no seed. */
  readonly directories: readonly DirectorySource[];
  /** Where chunks are requested that are not given, all by one request. What does not come of it counts as missing. */
  readonly batches?: BatchRequest;
  /** Where chunks that are not given are requested, one by one. What does not come counts as missing. */
  readonly near?: NearRequests;
  /** Gets the chunks that come from stores. */
  readonly destination?: ChunkDestination;
  /** The destination is the cache, and the work goes on when that cannot be read or filled: the answer says why. */
  readonly cacheMayFail?: boolean;
  /** Chunks that the destination, a directory, has already need nothing more. */
  readonly skipPresent: boolean;
  /** The chunks' bytes are wanted as well. */
  readonly giveBack?: boolean;
  readonly items: readonly AssembleItem[];
}

/** How a worker requests chunks by itself. */
export type NearRequests = NearRequest & {
  /** All answers of a web server are waited for no longer, in milliseconds. */
  readonly patienceMs: number;
  /** Shared by the threads: anything but 0 says that the work is to end. */
  readonly stopped: Int32Array<SharedArrayBuffer>;
};

/** The seed that had a chunk. */
export interface FoundInSeed {
  /** The number of the seed. */
  readonly seed: number;
}

/**
 * Where a chunk was found: the number of a directory, a seed, or one of the words; `"absent"` where its store says that it
 * does not have it. For a given one that is not what its id says, the error that says why.
 */
export type Found =
  | number
  | FoundInSeed
  | "given"
  | "in place"
  | "copied"
  | "present"
  | "missing"
  | "absent"
  | WireError;

/** A seed that did not have a chunk where it should have been. */
export interface InvalidPlace extends SeedPlace {
  /** The chunk, and its bytes. */
  readonly id: ChunkId;
  readonly size: number;
  /** Why it could not be read; without it, something else is there. */
  readonly problem?: WireError;
}

/** Answer to {@linkcode AssembleTask}: for each item where it was found, and the bytes read from stores for it. */
export interface AssembleResult {
  readonly found: Found[];
  readonly storedBytes: number[];
  /** With {@linkcode AssembleTask.giveBack}, each chunk that was found. */
  readonly bytes: (Uint8Array | undefined)[];
  /** The chunks for {@linkcode MainDestination}, those that came from stores. */
  readonly encoded: VerifiedChunk[];
  /** Why the cache could not be used. */
  readonly cacheProblem?: WireError;
  /** Whether the store of {@linkcode AssembleTask.batches} answered. */
  readonly batchAnswered?: boolean;
  /** Why requests by {@linkcode AssembleTask.near} ended before all were made, if they did. */
  readonly nearFailure?: NearFailure;
  /** Where seeds are not what they should be. */
  readonly invalidPlaces: readonly InvalidPlace[];
}

/** A part of a seed, and where it goes in the target. */
export interface CloneRange {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/**
 * Have the file system share parts of a seed with the target, as far as whole blocks go, and copy the few bytes around
 * these. None of it is verified.
 */
export interface CloneTask {
  readonly kind: "clone";
  readonly target: TargetInfo;
  readonly seed: SeedFile;
  /** Bytes of a block, and what both offsets of a part are apart is a multiple of. */
  readonly block: number;
  readonly ranges: readonly CloneRange[];
}

/** Answer to {@linkcode CloneTask}. */
export interface CloneResult {
  /** Bytes that are shared of each part; -1 for one that could not be cloned. */
  readonly cloned: number[];
}

/** Find the places of a file where it may be cut. */
export interface ScanTask {
  readonly kind: "scan";
  readonly file: string;
  /** Where the blob begins in the file. */
  readonly origin: number;
  /** The part [start, end) of the file. */
  readonly start: number;
  readonly end: number;
  readonly sizes: ChunkSizes;
  /** Guess the chunks of the part as well, and hash them while its bytes are at hand. */
  readonly guess?: GuessOptions;
}

/** What a guessed chunk is wanted for. */
export interface GuessOptions {
  readonly digest: DigestName;
  /** Only chunks that this directory has already are of use: the others have to be read again for it. */
  readonly destination?: DirectoryDestination;
}

/** Answer to {@linkcode ScanTask}. */
export interface ScanResult {
  /** Candidates, counted from the part's start. */
  readonly positions: Uint32Array<ArrayBuffer>;
  readonly guessed: GuessedChunks;
}

/** The chunks that a part has if it is cut as was guessed, in order, those of use alone. */
export interface GuessedChunks {
  /** Where they begin and end, counted from the part's start. */
  readonly starts: number[];
  readonly ends: number[];
  /** Their ids, 32 bytes each. */
  readonly ids: Uint8Array<ArrayBuffer>;
  /** Bytes that were hashed, for those of no use as well. */
  readonly hashedBytes: number;
}

/** A span of a blob that is, or should be, one chunk. */
export interface ChunkSpan {
  readonly offset: number;
  readonly size: number;
  /** The bytes, when they are not to be read from the file. */
  readonly bytes?: Uint8Array;
  /** What its id has to be. */
  readonly id?: ChunkId;
  /** The main thread knows that the destination has it. */
  readonly present?: boolean;
}

/** Hash spans of a blob and, where there is a destination, add those that it lacks. */
export interface StoreTask {
  readonly kind: "store";
  readonly digest: DigestName;
  /** The blob, for spans without bytes, and its name in messages. */
  readonly file: string;
  readonly spans: readonly ChunkSpan[];
  readonly destination?: ChunkDestination;
  /** The bytes of spans that had them are wanted back. */
  readonly giveBack?: boolean;
}

/** Answer to {@linkcode StoreTask}. */
export interface StoreResult {
  /** The ids of all spans, 32 bytes each. */
  readonly ids: Uint8Array<ArrayBuffer>;
  /** Chunks that were added, and the bytes of their files. */
  readonly added: number;
  readonly addedBytes: number;
  /** The chunks for {@linkcode MainDestination}. */
  readonly encoded: VerifiedChunk[];
  /** With {@linkcode StoreTask.giveBack}, the bytes of the spans. */
  readonly bytes: (Uint8Array | undefined)[];
}

/** Check every chunk of some `abcd` directories of a store. */
export interface VerifyTask {
  readonly kind: "verify";
  readonly directory: string;
  /** Only the chunks that are encrypted with this key. Default: only those that are not encrypted. */
  readonly encryption?: ChunkKey;
  readonly prefixes: readonly string[];
  readonly digest: DigestName;
  /** Remove what is invalid, and old temporary files. */
  readonly remove: boolean;
}

/** A chunk that is not what its id says. */
export interface InvalidChunk {
  /** Its id. */
  readonly id: ChunkId;
  /** How it is stored. */
  readonly form: StoredForm;
  /** What is wrong with it, and why it could not be removed where that was tried. */
  readonly reason: string;
  /** Whether it was removed. */
  readonly removed: boolean;
}

/** Answer to {@linkcode VerifyTask}. */
export interface VerifyResult {
  readonly chunks: number;
  /** Bytes of the chunks' files. */
  readonly storedBytes: number;
  readonly invalid: InvalidChunk[];
  /** Chunks that could not be judged (unreadable, or compressed in a way that is not supported): one sentence each. */
  readonly unreadable: string[];
  /** Chunks that are what their ids say, under the other digest. */
  readonly otherDigest: number;
  /** Temporary files of killed writers that were removed. */
  readonly staleFiles: number;
}

/** Verify a chunk, by whichever digest its id is, and encode it. Answered by a {@linkcode VerifiedChunk}. */
export interface OpenTask {
  readonly kind: "open";
  readonly id: ChunkId;
  readonly stored: StoredChunk;
  readonly encoding: ChunkEncoding;
}

/** Close the files that a worker keeps open. */
export interface ReleaseTask {
  readonly kind: "release";
}

/** Give the chunks that were stored their names, and write all of it to the disk. */
export interface FlushTask {
  readonly kind: "flush";
}

/** All that a worker can be asked. */
export type Task =
  | AssembleTask
  | CloneTask
  | ScanTask
  | StoreTask
  | VerifyTask
  | OpenTask
  | SketchTask
  | FrameTask
  | PatchTask
  | ReleaseTask
  | FlushTask;

/** What a worker posts: the outcome of the task with that number. */
export type Reply =
  | { readonly kind: "done"; readonly number: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly number: number; readonly error: WireError };

/** What a worker is sent. */
export interface Request {
  readonly number: number;
  readonly task: Task;
}
