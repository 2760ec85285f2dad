/** What jobs on trees of files need from outside: something that reads a tree, and something that writes one. */
import type { ArchiveEvent, ArchiveEventHandler } from "../formats/archive/archive.ts";
import type { ExcludePatterns } from "../formats/archive/exclude_patterns.ts";
import type { Loss } from "./losses.ts";

/** What of a tree is read, and how. */
export interface ReadTreeOptions {
  /**
   * What is to be recorded of each node: attributes that are not are not looked for. EXCLUDE_… say which nodes are left
   * out. Default: casync's.
   */
  readonly features?: bigint;
  /** Patterns for files that are left out, relative to the root of the tree. */
  readonly exclude?: ExcludePatterns;
  /** Names that are left out wherever they are: those of the archive itself while it is written. */
  readonly skipNames?: readonly string[];
  /** Stops the reading. */
  readonly signal?: AbortSignal;
}

/** What was found while a tree was read. */
export interface TreeSummary {
  /** Files, directories and others. */
  nodes: number;
  /** Bytes of files. */
  bytes: number;
  /** Files that were there under another name before: each was read as a file of its own. */
  hardLinks: number;
  /** Files that changed while they were read. */
  changed: number;
  /** The first of them. */
  changedPath?: string;
  /** Attributes that this system or its permissions keep from being read. */
  readonly notRecorded: readonly string[];
}

/**
 * Reads a tree: calls `onEvent` for its root and all in it, children in byte order of their names, and waits for it.
 * Throws whatever reading and `onEvent` throw.
 */
export type TreeSource = (onEvent: ArchiveEventHandler, options: ReadTreeOptions) => Promise<TreeSummary>;

/** Writes a tree. */
export interface TreeSink {
  /** Takes the next event: those of one tree or, where the roots have names, of several, one after the other. */
  write(event: ArchiveEvent): void | Promise<void>;
  /** Waits until all of it is where it has to be. Returns what could not be restored. */
  finish(options: { readonly signal?: AbortSignal }): Promise<readonly Loss[]>;
}
