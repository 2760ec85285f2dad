/**
 * What reading a tree asks of the system, in terms of open directories and names in them: nothing that is swapped for a
 * symlink meanwhile leads elsewhere. Two implementations: native_source.ts with the C library, and portable_source.ts.
 */
import type { ArchiveNode } from "../../formats/archive/archive_elements.ts";

/** A node that is being read. */
export interface OpenNode {
  /** All that the system says of it. */
  readonly node: ArchiveNode;
  /** What it is mounted on: differs between a directory and what is mounted in it. */
  readonly mount: bigint;
  /** Whether it asks to be left out of dumps (chattr's `d`). */
  readonly nodump: boolean;
  /** Whether it lies on a file system of the kernel's own, such as /proc, whose content is nothing to keep. */
  readonly virtual: boolean;
  /** What it shares with its other names; `undefined` when it has one. */
  readonly inode?: string;
}

/** A name in a directory, and whether there is any doubt about what it stands for. */
export interface ListedName {
  /** Its bytes. */
  readonly name: Uint8Array;
  /** The system says that it is a file or directory, which can be opened as it is. */
  readonly openable: boolean;
}

/** The calls. All throw errors with a `code` such as `ENOENT`, like node's. */
export interface ReadSystem {
  /** What this way of reading cannot see, for a word to the user; empty when it sees all. */
  readonly notRecorded: readonly string[];
  /** The node that the user named; here symlinks are followed. */
  openRoot(path: string): OpenNode;
  /** A child of a directory. */
  open(directory: OpenNode, child: ListedName): OpenNode;
  /** The names in a directory, in no order. */
  list(directory: OpenNode): ListedName[];
  /** The next bytes of a file: how many, 0 at its end. */
  read(file: OpenNode, buffer: Uint8Array): number;
  /** The whole of a small file that a name in a directory leads to, symlinks followed; no more than `most` bytes. */
  readSmall(directory: OpenNode, name: string, most: number): Uint8Array;
  /** Whether a file's size or time is not what it was when it was opened. */
  changed(file: OpenNode): boolean;
  /** Gives back what a node holds of the system. */
  close(node: OpenNode): void;
}
