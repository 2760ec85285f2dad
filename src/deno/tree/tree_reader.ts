/** A directory of this machine, read in the order and form of an archive's nodes. */
import { compareBytes, equalBytes, nameBytes, PIECE_BYTES } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { MAX_DEPTH } from "../../formats/archive/archive_elements.ts";
import { ExcludePatterns } from "../../formats/archive/exclude_patterns.ts";
import {
  DEFAULT_FEATURES,
  EXCLUDE_FILE,
  EXCLUDE_NODUMP,
  EXCLUDE_SUBMOUNTS,
} from "../../formats/archive/features.ts";
import { escapeName } from "../../formats/archive/node_text.ts";
import type { ReadTreeOptions, TreeSummary } from "../../archive/tree_ports.ts";
import { Yielder } from "../../core/yielder.ts";
import type { ArchiveEventHandler } from "../../formats/archive/archive.ts";
import { fileError } from "../files/file_errors.ts";
import { JobLibc } from "../system/libc.ts";
import { nativeSource } from "./native_source.ts";
import { portableSource } from "./portable_source.ts";
import type { ListedName, OpenNode, ReadSystem } from "./read_system.ts";

/** Holds patterns for files of its directory that are left out. */
const EXCLUDE_FILE_NAME = ".caexclude";
const MAX_EXCLUDE_FILE_BYTES = 1024 * 1024;

/**
 * Reads a directory (or one file) of this machine: calls `onEvent` for it and all in it, children in byte order of
 * their names, and waits for it. Bytes that it gets are good until then. Throws `missing-file`, `io`, `unsupported`,
 * `interrupted`.
 *
 * @example Pack a directory into an archive
 * ```ts
 * import { archiveStream, DEFAULT_FEATURES } from "@desync/desync";
 * import { readTree } from "@desync/desync/deno";
 *
 * const { readable, done } = archiveStream(DEFAULT_FEATURES, (onEvent) => readTree("src/formats", onEvent));
 * const archive = await new Response(readable).bytes();
 * const { nodes, bytes } = await done;
 * if (nodes < 10 || archive.length < bytes) throw new Error("a part is missing");
 * ```
 */
export async function readTree(
  path: string,
  onEvent: ArchiveEventHandler,
  options: ReadTreeOptions = {},
): Promise<TreeSummary> {
  return await readTreeBy(path, onEvent, options);
}

/** What {@linkcode readTreeBy} may be given. */
export interface ReadTreeByOptions extends ReadTreeOptions {
  /** The calls to read with. Default: those of the C library where it can be used. */
  readonly system?: ReadSystem;
  /**
   * Called for what cannot be read, in place of an error: it is left out or, where its size was given already, made up of
   * zeros.
   */
  readonly onUnreadable?: (error: DesyncError) => void;
  /** Files of more bytes are left out. */
  readonly maxFileSize?: number;
  /** Omit the bytes of files. */
  readonly withoutData?: boolean;
}

/** The same, by these calls. */
export async function readTreeBy(
  path: string,
  onEvent: ArchiveEventHandler,
  options: ReadTreeByOptions = {},
): Promise<TreeSummary> {
  const { features = DEFAULT_FEATURES } = options;
  using job = new JobLibc();
  const system = options.system ?? nativeSource(features, job.libc) ?? portableSource(features);
  return await new TreeReader(system, path, onEvent, options).run(options.exclude ?? ExcludePatterns.NONE);
}

class TreeReader {
  readonly #system: ReadSystem;
  readonly #root: string;
  readonly #onEvent: ArchiveEventHandler;
  readonly #features: bigint;
  readonly #skipNames: readonly Uint8Array[];
  readonly #options: ReadTreeByOptions;
  readonly #yielder: Yielder;
  readonly #buffer = new Uint8Array(PIECE_BYTES);
  readonly #linked = new Set<string>();
  readonly #summary: TreeSummary;
  /** Names from the root to where it is, for messages. */
  readonly #names: Uint8Array[] = [];

  constructor(system: ReadSystem, root: string, onEvent: ArchiveEventHandler, options: ReadTreeByOptions) {
    this.#system = system;
    this.#options = options;
    this.#root = root;
    this.#onEvent = onEvent;
    this.#features = options.features ?? DEFAULT_FEATURES;
    this.#skipNames = (options.skipNames ?? []).map(nameBytes);
    this.#yielder = new Yielder(options.signal);
    this.#summary = { nodes: 0, bytes: 0, hardLinks: 0, changed: 0, notRecorded: this.#system.notRecorded };
  }

  async run(exclude: ExcludePatterns): Promise<TreeSummary> {
    const root = this.#reading(() => this.#system.openRoot(this.#root));
    try {
      await this.#read(root, exclude);
    } finally {
      this.#system.close(root);
    }
    return this.#summary;
  }

  async #read(open: OpenNode, exclude: ExcludePatterns): Promise<void> {
    this.#summary.nodes++;
    if (this.#yielder.isDue) await this.#yielder.yieldNow();
    const { kind } = open.node;
    const waiting = this.#onEvent({ type: "node", node: open.node });
    if (waiting !== undefined) await waiting;
    if (kind === "file") await this.#readFile(open);
    else if (kind === "directory" && !open.virtual) await this.#readChildren(open, exclude);
    const last = this.#onEvent({ type: "end" });
    if (last !== undefined) await last;
  }

  async #readChildren(directory: OpenNode, outer: ExcludePatterns): Promise<void> {
    const names = this.#orUnreadable(() => this.#list(directory), []);
    names.sort((a, b) => compareBytes(a.name, b.name));
    const exclude = this.#orUnreadable(() => this.#patternsIn(directory, names, outer), outer);
    for (const child of names) {
      if (this.#skipNames.some((name) => equalBytes(child.name, name))) continue;
      this.#names.push(child.name);
      await this.#readChild(directory, child, exclude);
      this.#names.pop();
    }
  }

  #list(directory: OpenNode): ListedName[] {
    if (this.#names.length < MAX_DEPTH) return this.#reading(() => this.#system.list(directory));
    throw new DesyncError("unsupported", {
      action: "read",
      subject: this.#path(),
      reason: `it is ${MAX_DEPTH} directories deep, more than an archive may have`,
    });
  }

  async #readChild(directory: OpenNode, child: ListedName, exclude: ExcludePatterns): Promise<void> {
    const open = this.#orUnreadable(() => this.#reading(() => this.#system.open(directory, child)), null);
    if (open === null) return;
    try {
      if (open.node.size > (this.#options.maxFileSize ?? Infinity)) return;
      if (this.#has(EXCLUDE_NODUMP) && open.nodump) return;
      if (this.#has(EXCLUDE_SUBMOUNTS) && open.mount !== directory.mount) return;
      const { excluded, inside } = exclude.test(child.name, open.node.kind === "directory");
      if (!excluded) await this.#read(open, inside);
    } finally {
      this.#system.close(open);
    }
  }

  #has(feature: bigint): boolean {
    return (this.#features & feature) !== 0n;
  }

  /** What holds in the directory, with what its own file adds. */
  #patternsIn(directory: OpenNode, names: readonly ListedName[], outer: ExcludePatterns): ExcludePatterns {
    if (!this.#has(EXCLUDE_FILE) || !names.some(({ name }) => isExcludeFile(name))) return outer;
    const path = `${this.#path()}/${EXCLUDE_FILE_NAME}`;
    const bytes = this.#reading(
      () => this.#system.readSmall(directory, EXCLUDE_FILE_NAME, MAX_EXCLUDE_FILE_BYTES),
      path,
    );
    return outer.with(ExcludePatterns.parseFile(bytes, path));
  }

  async #readFile(open: OpenNode): Promise<void> {
    const { node, inode } = open;
    if (inode !== undefined) {
      if (this.#linked.has(inode)) this.#summary.hardLinks++;
      this.#linked.add(inode);
    }
    this.#summary.bytes += node.size;
    if (this.#options.withoutData) return;
    let readable = true;
    for (let left = node.size; left > 0;) {
      if (this.#yielder.isDue) await this.#yielder.yieldNow();
      const buffer = this.#buffer.subarray(0, Math.min(left, PIECE_BYTES));
      let length = readable ? this.#orUnreadable(() => this.#readPart(open, buffer), 0) : 0;
      if (length === 0) {
        readable = false;
        length = buffer.fill(0).length;
      }
      left -= length;
      const waiting = this.#onEvent({ type: "data", bytes: buffer.subarray(0, length) });
      if (waiting !== undefined) await waiting;
    }
    const changed = this.#orUnreadable(() => this.#reading(() => this.#system.changed(open)), true);
    if (changed && this.#summary.changed++ === 0) this.#summary.changedPath = this.#path();
  }

  #readPart(open: OpenNode, buffer: Uint8Array): number {
    const length = this.#reading(() => this.#system.read(open, buffer));
    if (length > 0) return length;
    const reason = "it became shorter while it was read";
    throw new DesyncError("io", { action: "read", subject: this.#path(), reason });
  }

  /** For messages alone. */
  #path(): string {
    return [this.#root.replace(/(?<=[^/])\/+$/, ""), ...this.#names.map(escapeName)].join("/");
  }

  /** What `work` gives, or `otherwise` where reading goes on without what cannot be read. */
  #orUnreadable<T>(work: () => T, otherwise: T): T {
    const { onUnreadable } = this.#options;
    if (onUnreadable === undefined) return work();
    try {
      return work();
    } catch (error) {
      if (!(error instanceof DesyncError)) throw error;
      onUnreadable(error);
      return otherwise;
    }
  }

  #reading<T>(work: () => T, path?: string): T {
    try {
      return work();
    } catch (error) {
      throw fileError("read", path ?? this.#path(), error);
    }
  }
}

function isExcludeFile(name: Uint8Array): boolean {
  if (name.length !== EXCLUDE_FILE_NAME.length) return false;
  return name.every((byte, i) => byte === EXCLUDE_FILE_NAME.charCodeAt(i));
}
