/** What jobs need from outside: the workers and the files. The caller of a job provides them. */
import type {
  AssembleResult,
  AssembleTask,
  CloneResult,
  CloneTask,
  FileIdentity,
  ScanResult,
  ScanTask,
  StoreResult,
  StoreTask,
  VerifyResult,
  VerifyTask,
} from "./messages.ts";

import type { RequestOptions } from "../stores/store.ts";

/** A part of a blob. */
export interface ByteRange {
  /** Where it begins. */
  readonly offset: number;
  /** Its bytes. */
  readonly length: number;
}

/** The threads that do the work on chunks. */
export interface Workers {
  /** How many there are. */
  readonly size: number;
  /** Whether they decrypt and encrypt chunks by themselves. Default: they get and return them unencrypted. */
  readonly haveCiphers?: boolean;
  assemble(task: Omit<AssembleTask, "kind">): Promise<AssembleResult>;
  clone(task: Omit<CloneTask, "kind">): Promise<CloneResult>;
  scan(task: Omit<ScanTask, "kind">): Promise<ScanResult>;
  store(task: Omit<StoreTask, "kind">): Promise<StoreResult>;
  verify(task: Omit<VerifyTask, "kind">): Promise<VerifyResult>;
  /** Makes all of them close their files. */
  release(): Promise<void>;
  /** Makes all of them give the chunks that they stored their names, and returns when these are on the disk. */
  flush(): Promise<void>;
}

/** What building a blob needs of them. */
export interface AssemblingWorkers extends Pick<Workers, "size" | "haveCiphers" | "clone" | "release"> {
  /** Whether they make requests for many chunks by themselves, as tasks with `batches` ask for. Default: they cannot. */
  readonly fetchBatches?: boolean;
  /**
   * Whether they make single requests by themselves now, as tasks with `near` ask for, or may do so later. Default: they
   * never do.
   */
  readonly fetchesNear?: "now" | "later";
  /** How many there may be besides, which only wait at sessions: tasks with such requests say which. Default: none. */
  readonly sessionWorkers?: number;
  /** `signal` ends what a worker waits for; what it does in bounded time is finished. */
  assemble(task: Omit<AssembleTask, "kind">, options?: RequestOptions): Promise<AssembleResult>;
}

/** The file that a blob is built in. */
export interface BlobTarget {
  /** Where workers write. */
  readonly path: string;
  /** What it is called in messages. */
  readonly displayName: string;
  /** Whether zeros become holes. */
  readonly sparse: boolean;
  /**
   * Whether an interrupted run wrote to it: what this run has not written may be anything. Otherwise, and if sparse, it is
   * zeros.
   */
  readonly resumed: boolean;
  /** Which file the path leads to, where the system can say so: workers write to no other. */
  readonly identity?: FileIdentity;
  /** Has what is written go to the disk all the while, until `over`; not there where the disk is not waited for. */
  writeBack?(over: AbortSignal): Promise<void>;
  /** Makes the finished file count. */
  commit(signal?: AbortSignal): Promise<void>;
  /**
   * Ends the work on a file that is not finished, and undoes what can be undone, or with `keep` leaves what was written to the
   * next run. Returns whether it is left.
   */
  discard(keep?: boolean): boolean;
}
