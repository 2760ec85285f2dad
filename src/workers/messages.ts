/** What the main thread asks of a worker and what it answers: plain data, the same on both sides. */
import type { ChunkId, DigestName, StoredChunk } from "../chunk.ts";
import type { WireError } from "../errors.ts";

/** A folder that may hold the chunks. */
export interface FolderSource {
  readonly folder: string;
  /** A cache gets new modification times, and its own words when a chunk in it is invalid. */
  readonly role: "cache" | "store";
  /** An invalid chunk counts as missing: it will be replaced. */
  readonly repair: boolean;
}

/** One chunk that has to be written to one or several places of the blob. */
export interface AssembleItem {
  readonly id: ChunkId;
  readonly size: number;
  readonly offsets: readonly number[];
  /** The chunk, when it has been fetched already, and from where. */
  readonly given?: StoredChunk;
  readonly givenBy?: string;
}

/** Read, verify and write chunks. */
export interface AssembleTask {
  readonly kind: "assemble";
  readonly digest: DigestName;
  readonly target: string;
  /** The target reads as zeros where nothing has been written: runs of zeros become holes. */
  readonly sparse: boolean;
  /** Look first whether the target itself has the right bytes already. */
  readonly probeTarget: boolean;
  /** Asked in order for chunks that are not given. */
  readonly folders: readonly FolderSource[];
  /** The cache's folder, to which chunks from elsewhere are added. */
  readonly fill?: string;
  readonly items: readonly AssembleItem[];
}

/** Where a chunk came from: the number of a folder, or one of the words. */
export type Origin = number | "given" | "target" | "missing";

/** Answer to {@linkcode AssembleTask}: for each item its origin, and the bytes read from stores for it. */
export interface AssembleResult {
  readonly origins: Origin[];
  readonly storedBytes: number[];
}

/** Check every chunk of some `abcd` folders of a store. */
export interface VerifyTask {
  readonly kind: "verify";
  readonly folder: string;
  readonly prefixes: readonly string[];
  readonly digest: DigestName;
  /** Remove what is invalid. */
  readonly remove: boolean;
}

/** A chunk that is not what its name says. */
export interface InvalidChunk {
  readonly id: ChunkId;
  readonly path: string;
  readonly reason: string;
  readonly removed: boolean;
}

/** Answer to {@linkcode VerifyTask}. */
export interface VerifyResult {
  readonly chunks: number;
  /** Bytes of the chunks' files. */
  readonly storedBytes: number;
  readonly invalid: InvalidChunk[];
  /** Chunks that could not be judged (unreadable, or compressed with xz): one sentence each. */
  readonly unreadable: string[];
}

/** Close the files that a worker keeps open. */
export interface ReleaseTask {
  readonly kind: "release";
}

/** All that a worker can be asked. */
export type Task = AssembleTask | VerifyTask | ReleaseTask;

/** What a worker posts: the outcome of the task with that number. */
export type Reply =
  | { readonly kind: "done"; readonly number: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly number: number; readonly error: WireError };

/** What a worker is sent. */
export interface Request {
  readonly number: number;
  readonly task: Task;
}
