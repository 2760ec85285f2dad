/**
 * Unpacks an archive's nodes into a directory.
 *
 * Everything is done relative to open directories, so that no symlink is ever followed, whatever made it and
 * when. What is not a directory is made under a temporary name and renamed when it is complete, over what was there;
 * directories that exist are used. A directory gets its attributes when all that is in it is there.
 */
import { basename, dirname, resolve } from "../system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import type { ArchiveEvent } from "../../formats/archive/archive.ts";
import type { ArchiveNode } from "../../formats/archive/archive_elements.ts";
import { escapeName } from "../../formats/archive/node_text.ts";
import { Losses } from "../../archive/losses.ts";
import type { Accounts } from "../system/accounts.ts";
import { fileError, reasonOf } from "../files/file_errors.ts";
import { outputError } from "../output/output_checks.ts";
import { NodeAttributes } from "./node_attributes.ts";
import { type AttributeOptions, Restored } from "./restored.ts";
import { FoldedNames, foldsNames } from "./folded_names.ts";
import { replaceDirectory } from "./replace_directory.ts";
import { errorCode } from "../system/error_code.ts";
import type { Handle, TreeSystem } from "./tree_system.ts";
import { removeStaleEntries, untarTemporaryName } from "./stale_entries.ts";
import { closeWritable, makeWritable, openWritable, type WritableDirectory } from "./writable_directory.ts";
import { ArchiveNames, type Extraneous } from "./update/extraneous.ts";
import { BaseTrees } from "./update/base_trees.ts";
import { FileWriter } from "./update/file_writer.ts";
import { sameBytes } from "./update/same_bytes.ts";

/** How the tree is written. */
interface TreeOptions {
  /** Whether the trees have names and are put into the target. */
  readonly inside: boolean;
  /** Whether directories that are not empty make way for what the archive has of the same name. */
  readonly recursiveUnlink: boolean;
  /** Whether files and symlinks that are as the archive has them are left alone. */
  readonly inPlace?: boolean;
  /** Directories whose files of the same path new ones may share blocks with. */
  readonly olderVersions?: readonly string[];
  /** Notes what the target has and the archive has not. */
  readonly extraneous?: Extraneous;
  readonly accounts: Accounts;
}

/** A directory that is being filled. */
interface OpenDirectory extends WritableDirectory {
  /** Whether it may have attributes that the archive has not. */
  readonly mayHaveOthers: boolean;
  readonly node: ArchiveNode;
  /** Symlinks in it that may have the wrong type, where they have types. */
  readonly links: ArchiveNode[];
  /** What was made in it, where the system may take two names for one. */
  readonly names?: FoldedNames;
  /** What the archive has in it, where the rest is to be removed. */
  readonly inArchive?: ArchiveNames;
}

/** What nodes that need a system's help are called when they cannot be made. */
const SPECIAL = {
  symlink: "symlinks",
  fifo: "pipes",
  socket: "sockets",
  block: "devices",
  char: "devices",
} as const;
/** Errors that mean that such a node cannot be made here or by this user. */
const NOT_POSSIBLE: ReadonlySet<string> = new Set([
  "EPERM",
  "ENOSYS",
  "ENOTSUP",
  "EOPNOTSUPP",
  "EINVAL",
  "unsupported",
]);

const encoder = new TextEncoder();

/** Takes an archive's events in their order. To be closed whatever happens. */
export class TreeWriter implements Disposable {
  /** What could not be restored so far. */
  readonly losses = new Losses();
  readonly #system: TreeSystem;
  readonly #target: string;
  readonly #inside: boolean;
  readonly #recursiveUnlink: boolean;
  readonly #restored: Restored;
  readonly #attributes: NodeAttributes;
  /** The directories from the archive's root to where it is. */
  readonly #directories: OpenDirectory[] = [];
  /** The directory around a root that is no directory, or around roots with names. */
  #around: WritableDirectory | undefined;
  /** Whether the target's file system takes names for the same that differ in case. */
  #folds = false;
  readonly #files: FileWriter;
  readonly #bases: BaseTrees;
  readonly #inPlace: boolean;
  readonly #extraneous: Extraneous | undefined;
  /** The symlink, pipe … whose end comes next. */
  #leaf = false;
  readonly #temporary = untarTemporaryName();

  /**
   * Nothing is touched before the first event. With `inside`, the events are of trees whose roots have names, one after
   * the other, which are put into the target: it is a directory, and keeps its own attributes.
   */
  constructor(
    system: TreeSystem,
    target: string,
    options: AttributeOptions & TreeOptions,
  ) {
    this.#system = system;
    this.#target = target;
    this.#inside = options.inside;
    this.#recursiveUnlink = options.recursiveUnlink;
    this.#inPlace = options.inPlace ?? false;
    this.#extraneous = options.extraneous;
    this.#restored = new Restored(options);
    this.#attributes = new NodeAttributes(system, this.#restored, this.losses, options.accounts);
    this.#bases = new BaseTrees(system, this.#inside ? [] : options.olderVersions ?? [], this.#inPlace);
    const temporary = encoder.encode(this.#temporary);
    this.#files = new FileWriter(system, this.#attributes, {
      temporary,
      inPlace: this.#inPlace,
      bases: this.#bases,
      replace: (parent, node) => this.#replace(parent, temporary, node),
    });
  }

  /** Does what the event says. Throws `io` with the path that could not be written. */
  write(event: ArchiveEvent): void {
    if (event.type === "omitted") this.#directories.at(-1)?.inArchive?.add(event.name);
    else if (event.type === "node") this.#at(event.node, () => this.#begin(event.node));
    else if (event.type === "data") this.#at(this.#files.node, () => this.#files.write(event.bytes));
    else if (this.#leaf) this.#leaf = false;
    else if (this.#files.node !== undefined) this.#at(this.#files.node, () => this.#files.finish());
    else this.#at(undefined, () => this.#finishDirectory());
  }

  /** Closes what is open, and removes the file that is not complete. */
  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
    this.#bases[Symbol.dispose]();
    for (const directory of this.#directories.splice(0).reverse()) closeWritable(this.#system, directory);
    if (this.#around !== undefined) closeWritable(this.#system, this.#around);
    this.#around = undefined;
  }

  /** Runs a step, whose errors then name the path. */
  #at(node: ArchiveNode | undefined, step: () => void): void {
    try {
      step();
    } catch (error) {
      throw fileError("write", this.#pathOf(node), error);
    }
  }

  /** For messages alone. */
  #pathOf(node?: ArchiveNode): string {
    const nodes = this.#directories.map((directory) => directory.node);
    // A root that is no directory has the target's own name.
    if (node !== undefined && (nodes.length > 0 || this.#inside)) nodes.push(node);
    const names = nodes.filter(({ name }) => name.length > 0).map(({ name }) => escapeName(name));
    return [this.#target, ...names].join("/");
  }

  /** The names from the target to the directory. */
  #way(): Uint8Array[] {
    return this.#directories.map(({ node }) => node.name).filter(({ length }) => length > 0);
  }

  #parent(): Handle {
    return (this.#directories.at(-1) ?? this.#around!).handle;
  }

  #begin(node: ArchiveNode): void {
    if (this.#directories.length === 0 && !this.#inside) return this.#beginRoot(node);
    if (this.#inside && this.#around === undefined) {
      Deno.mkdirSync(this.#target, { recursive: true });
      this.#around = this.#openTarget(this.#target);
    }
    this.#noteName(node);
    if (node.kind === "directory") this.#enterDirectory(node);
    else this.#make(node);
  }

  #openTarget(path: string): WritableDirectory {
    const opened = makeWritable(this.#system, this.#system.openRoot(path));
    removeStaleEntries(this.#system, opened.handle);
    this.#folds = foldsNames(this.#system, opened.handle, this.#temporary);
    this.#extraneous?.begin(opened.handle);
    return opened;
  }

  #pushDirectory(opened: WritableDirectory, node: ArchiveNode, mayHaveOthers: boolean): void {
    this.#bases.enter(node.name);
    this.#directories.push({
      ...opened,
      mayHaveOthers,
      node,
      links: [],
      names: this.#folds ? new FoldedNames() : undefined,
      inArchive: this.#extraneous === undefined ? undefined : new ArchiveNames(),
    });
    if (mayHaveOthers) this.#attributes.stopInheritance(opened.handle, node, () => this.#pathOf());
  }

  /** Two files become one where their names are the same to the system: that has to be reported. */
  #noteName(node: ArchiveNode): void {
    this.#directories.at(-1)?.inArchive?.add(node.name);
    if (this.#directories.at(-1)?.names?.add(node.name) !== false) return;
    this.losses.add(
      "names that differ in case alone",
      () => this.#pathOf(node),
      "the file system takes them for the same",
    );
  }

  #beginRoot(node: ArchiveNode): void {
    if (node.kind === "directory") {
      Deno.mkdirSync(this.#target, { recursive: true });
      return this.#pushDirectory(this.#openTarget(this.#target), node, true);
    }
    const path = resolve(this.#target);
    try {
      this.#around = { handle: this.#system.openRoot(dirname(path)) };
    } catch (error) {
      throw outputError(this.#target, error);
    }
    removeStaleEntries(this.#system, this.#around.handle);
    this.#make({ ...node, name: encoder.encode(basename(path)) });
  }

  /** Whether what is made now may inherit attributes: from a directory that is not one of the archive. */
  get #inherits(): boolean {
    return this.#directories.length === 0;
  }

  #enterDirectory(node: ArchiveNode): void {
    const { name } = node;
    const parent = this.#parent();
    for (let tries = 0;; tries++) {
      let existed = false;
      try {
        this.#system.makeDirectory(parent, name);
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
        existed = true;
      }
      try {
        const opened = existed
          ? openWritable(this.#system, parent, name)
          : { handle: this.#system.openDirectory(parent, name) };
        if (existed) removeStaleEntries(this.#system, opened.handle);
        return this.#pushDirectory(opened, node, existed || this.#inherits);
      } catch (error) {
        // Something else of that name goes; if it comes back again and again, it is an attack.
        if (!["ENOTDIR", "ELOOP"].includes(errorCode(error)) || tries === 10) throw error;
        this.#system.unlink(parent, name);
      }
    }
  }

  #make(node: ArchiveNode): void {
    const parent = this.#parent();
    const temporary = encoder.encode(this.#temporary);
    if (node.kind === "file") {
      return this.#files.begin(parent, node, () => this.#pathOf(node), this.#inherits);
    }
    this.#leaf = true;
    if (!this.#restored.kind(node.kind) || this.#isSameLink(parent, node)) return;
    if (!this.#makeLeaf(parent, temporary, node)) return;
    try {
      const made = { directory: parent, name: temporary };
      this.#attributes.apply(made, node, () => this.#pathOf(node), this.#inherits);
      this.#replace(parent, temporary, node);
    } catch (error) {
      this.#quietly(() => this.#system.unlink(parent, temporary));
      throw error;
    }
  }

  /** Whether there is the same symlink, which is left alone. */
  #isSameLink(directory: Handle, node: ArchiveNode): boolean {
    if (!this.#inPlace || node.kind !== "symlink") return false;
    const entry = { directory, name: node.name };
    try {
      const target = this.#system.readLink(entry);
      return target !== undefined && sameBytes(target, node.target!) && this.#attributes.agrees(entry, node);
    } catch {
      return false;
    }
  }

  /** False when such a node cannot be made here. */
  #makeLeaf(parent: Handle, name: Uint8Array, node: ArchiveNode): boolean {
    try {
      if (node.kind === "symlink") this.#makeSymlink(parent, name, node);
      else this.#system.makeNode(parent, name, node);
      return true;
    } catch (error) {
      if (!NOT_POSSIBLE.has(errorCode(error))) throw error;
      const kind = SPECIAL[node.kind as keyof typeof SPECIAL];
      this.losses.add(kind, () => this.#pathOf(node), reasonOf(error));
      return false;
    }
  }

  #makeSymlink(parent: Handle, name: Uint8Array, node: ArchiveNode): void {
    const toDirectory = this.#system.leadsToDirectory?.(parent, node.target!);
    this.#system.makeSymlink(parent, name, node.target!, toDirectory ?? false);
    if (toDirectory === false) this.#directories.at(-1)?.links.push(node);
  }

  /** Makes symlinks again that lead to what is a directory now. */
  #retypeLinks({ handle, links }: OpenDirectory): void {
    for (const node of links.splice(0)) {
      if (!this.#system.leadsToDirectory?.(handle, node.target!)) continue;
      this.#make(node);
      this.#leaf = false;
    }
  }

  #finishDirectory(): void {
    const directory = this.#directories.at(-1);
    if (directory === undefined) return;
    this.#retypeLinks(directory);
    const path = () => this.#pathOf();
    const { handle, inArchive, mayHaveOthers } = directory;
    if (inArchive !== undefined) this.#extraneous?.note(handle, this.#way(), inArchive);
    this.#attributes.apply(directory.handle, directory.node, path, mayHaveOthers);
    this.#attributes.applyLate(directory.handle, directory.node, path);
    this.#directories.pop();
    this.#bases.leave();
    this.#system.close(directory.handle);
  }

  /** Gives the node its name. What has it goes, a directory only where that was asked for or when it is empty. */
  #replace(parent: Handle, temporary: Uint8Array, node: ArchiveNode): void {
    const { name } = node;
    try {
      this.#system.rename(parent, temporary, name);
    } catch (error) {
      if (!["EISDIR", "ENOTEMPTY", "EEXIST", "EPERM", "EACCES"].includes(errorCode(error))) throw error;
      if (this.#directories.length === 0 && !this.#inside) {
        throw new DesyncError("usage", {
          action: "write",
          subject: this.#target,
          reason: "it is a directory, the archive is of one file",
        });
      }
      const [path, recursive] = [this.#pathOf(node), this.#recursiveUnlink];
      replaceDirectory(this.#system, { parent, temporary, name, path, recursive }, error);
    }
  }

  /** Whether it worked. When it did not, another error is the one to report, or none. */
  #quietly(step: () => void): boolean {
    try {
      step();
      return true;
    } catch {
      return false;
    }
  }
}
