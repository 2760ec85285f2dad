/**
 * Writes the files of an archive, one after the other: each is made under a temporary name and gets its own when it is
 * complete. Where a target is updated, a file that turns out to be the same is left alone.
 */
import type { ArchiveNode } from "../../../formats/archive/archive_elements.ts";
import type { NodeAttributes } from "../node_attributes.ts";
import type { Handle, TreeSystem } from "../tree_system.ts";
import type { BaseTrees } from "./base_trees.ts";
import { KeptFile } from "./kept_file.ts";
import { NewFile } from "./new_file.ts";

/** How files are written. */
interface FileWriterOptions {
  /** The name of what is not complete. */
  readonly temporary: Uint8Array;
  /** Whether files that are as the archive has them are left alone. */
  readonly inPlace: boolean;
  /** Where new files can be cloned from. */
  readonly bases: BaseTrees;
  /** Gives what is under the temporary name its own. */
  readonly replace: (parent: Handle, node: ArchiveNode) => void;
}

/** A file of the archive, and where it goes. */
interface OpenFile {
  readonly parent: Handle;
  readonly node: ArchiveNode;
  /** For messages. */
  readonly path: () => string;
  /** Whether it may have inherited attributes from its directory. */
  readonly inherits: boolean;
  /** What is there already, as long as it is the same. */
  kept?: KeptFile;
  /** What is written in its place. */
  made?: NewFile;
}

/** Takes the bytes of one file at a time. */
export class FileWriter implements Disposable {
  readonly #system: TreeSystem;
  readonly #attributes: NodeAttributes;
  readonly #options: FileWriterOptions;
  #file: OpenFile | undefined;

  constructor(system: TreeSystem, attributes: NodeAttributes, options: FileWriterOptions) {
    this.#system = system;
    this.#attributes = attributes;
    this.#options = options;
  }

  /** The file whose bytes come; `undefined` between files. */
  get node(): ArchiveNode | undefined {
    return this.#file?.node;
  }

  /** Begins a file in an open directory. */
  begin(parent: Handle, node: ArchiveNode, path: () => string, inherits: boolean): void {
    this.#file = { parent, node, path, inherits, kept: this.#keptFile(parent, node) };
    if (this.#file.kept === undefined) this.#make(this.#file);
  }

  /** Takes the next bytes. */
  write(bytes: Uint8Array): void {
    const file = this.#file!;
    if (file.kept?.matches(bytes)) return;
    if (file.kept !== undefined) this.#replaceKept(file, file.kept);
    file.made!.write(bytes);
  }

  /** Ends the file, whose bytes have all come. */
  finish(): void {
    const file = this.#file!;
    const { parent, node, path, inherits, kept } = file;
    if (kept !== undefined) {
      if (this.#isStillThere(file, kept)) {
        this.#file = undefined;
        return this.#system.close(kept.handle);
      }
      this.#replaceKept(file, kept);
    }
    const made = file.made!;
    const { handle } = made;
    made.finish();
    this.#attributes.apply(handle, node, path, inherits);
    this.#options.replace(parent, node);
    this.#file = undefined;
    try {
      this.#attributes.applyLate(handle, node, path);
    } finally {
      this.#system.close(handle);
    }
  }

  /** Closes and removes the file that is not complete. */
  [Symbol.dispose](): void {
    const file = this.#file;
    this.#file = undefined;
    if (file?.kept !== undefined) this.#system.close(file.kept.handle);
    if (file?.made === undefined) return;
    this.#system.close(file.made.handle);
    try {
      this.#system.unlink(file.parent, this.#options.temporary);
    } catch {
      // Another error is the one to report, or none.
    }
  }

  #make(file: OpenFile): void {
    const { parent, node, path } = file;
    const handle = this.#system.createFile(parent, this.#options.temporary);
    file.made = new NewFile(this.#system, handle);
    this.#attributes.applyEarly(handle, node, path);
    const cloned = node.size === 0 ? 0 : this.#options.bases.clone(parent, node.name, handle);
    if (cloned > 0) file.made = new NewFile(this.#system, handle, cloned);
  }

  /** The file that is there, if it may turn out to be the one of the archive. */
  #keptFile(parent: Handle, node: ArchiveNode): KeptFile | undefined {
    if (!this.#options.inPlace) return undefined;
    let handle: Handle;
    try {
      handle = this.#system.openFile(parent, node.name);
    } catch {
      return undefined;
    }
    try {
      if (this.#system.stat(handle)?.size === node.size && this.#attributes.agrees(handle, node)) {
        return new KeptFile(this.#system, handle);
      }
    } catch {
      // What cannot be looked at is replaced.
    }
    this.#system.close(handle);
    return undefined;
  }

  /** Whether the file that was compared has its name, and has not been written to. */
  #isStillThere({ parent, node }: OpenFile, { handle }: KeptFile): boolean {
    try {
      const file = this.#system.stat(handle);
      const there = this.#system.stat({ directory: parent, name: node.name });
      return file?.inode === there?.inode && file?.device === there?.device && file?.size === node.size &&
        this.#attributes.agrees(handle, node);
    } catch {
      return false;
    }
  }

  /** Goes on with a new file, which begins with what was the same. */
  #replaceKept(file: OpenFile, kept: KeptFile): void {
    this.#make(file);
    kept.copyTo(file.made!);
    file.kept = undefined;
    this.#system.close(kept.handle);
  }
}
