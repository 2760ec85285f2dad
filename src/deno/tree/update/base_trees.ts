/**
 * Older versions of the tree that is being unpacked. A new file begins as a clone of the one of the same path, where the
 * file system can share their blocks; which of them stay shared, the bytes of the archive decide (new_file.ts).
 */
import { errorCode } from "../../system/error_code.ts";
import type { Handle, TreeSystem } from "../tree_system.ts";

/** Errors that mean that no file of a tree can be cloned into the target. */
const NEVER: ReadonlySet<string> = new Set(["ENOSYS", "ENOTSUP", "ENOTTY", "EXDEV"]);

/** A tree, and the open directories from its root to where the archive is; `undefined` for those that it does not have. */
interface BaseTree {
  readonly root: string;
  readonly way: (Handle | undefined)[];
  usable: boolean;
}

/** Goes through the trees with the archive. To be disposed of. */
export class BaseTrees implements Disposable {
  readonly #system: TreeSystem;
  readonly #trees: readonly BaseTree[];
  /** Whether files that are replaced in the target can be cloned. */
  #targetUsable: boolean;

  /** The best tree comes first; `target` says whether files that are replaced are older versions, too. */
  constructor(system: TreeSystem, roots: readonly string[], target: boolean) {
    const clones = system.clone !== undefined;
    this.#system = system;
    this.#trees = clones ? roots.map((root) => ({ root, way: [], usable: true })) : [];
    this.#targetUsable = clones && target;
  }

  /** Enters the root, or a directory in the one where it is. */
  enter(name: Uint8Array): void {
    for (const { root, way, usable } of this.#trees) {
      const parent = way.at(-1);
      const open = () =>
        way.length === 0
          ? this.#system.openRoot(root)
          : parent === undefined
          ? undefined
          : this.#system.openDirectory(parent, name);
      way.push(usable ? this.#quietly(open) : undefined);
    }
  }

  /** Leaves the directory where it is. */
  leave(): void {
    for (const { way } of this.#trees) this.#close(way.pop());
  }

  /** Clones the older version of a file in `directory` of the target into a new one. Returns its bytes, 0 without one. */
  clone(directory: Handle, name: Uint8Array, file: Handle): number {
    if (this.#targetUsable) {
      const cloned = this.#clone(directory, name, file, () => this.#targetUsable = false);
      if (cloned > 0) return cloned;
    }
    for (const tree of this.#trees) {
      const parent = tree.way.at(-1);
      if (!tree.usable || parent === undefined) continue;
      const cloned = this.#clone(parent, name, file, () => tree.usable = false);
      if (cloned > 0) return cloned;
    }
    return 0;
  }

  [Symbol.dispose](): void {
    for (const { way } of this.#trees) for (const handle of way.splice(0)) this.#close(handle);
  }

  #clone(directory: Handle, name: Uint8Array, file: Handle, giveUp: () => void): number {
    const old = this.#quietly(() => this.#system.openFile(directory, name));
    if (old === undefined) return 0;
    try {
      this.#system.clone!(old, file);
      return this.#system.stat(file)?.size ?? 0;
    } catch (error) {
      if (NEVER.has(errorCode(error))) giveUp();
      return 0;
    } finally {
      this.#system.close(old);
    }
  }

  #close(handle: Handle | undefined): void {
    if (handle !== undefined) this.#system.close(handle);
  }

  /** Trees that are not there, or change, are of no use, and no harm. */
  #quietly(open: () => Handle | undefined): Handle | undefined {
    try {
      return open();
    } catch {
      return undefined;
    }
  }
}
