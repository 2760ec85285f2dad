/**
 * The files of a seed tree, opened as they are needed. Nothing that was swapped for a symlink, pipe or device since the
 * tree was looked through is followed or opened.
 */
import type { Handle, TreeSystem } from "../tree_system.ts";
import { ROOT, type TreeLayout } from "./tree_layout.ts";

/** Files that stay open. */
const MOST_FILES = 16;

/** Reads files by their numbers in the layout. */
export class TreeFiles implements Disposable {
  readonly #system: TreeSystem;
  readonly #layout: TreeLayout;
  /** The open directories from the root to the one that was used last. */
  readonly #directories: { readonly number: number; readonly handle: Handle }[];
  /** The one that was not used for longest first; `undefined` for one that cannot be opened. */
  readonly #files = new Map<number, Handle | undefined>();

  /** Opens the root. Throws what the system says. */
  constructor(system: TreeSystem, root: string, layout: TreeLayout) {
    this.#system = system;
    this.#layout = layout;
    this.#directories = [{ number: ROOT, handle: system.openRoot(root) }];
  }

  /** Fills the buffer from a place of the file. False when it cannot be read there. */
  readonly read = (file: number, buffer: Uint8Array, offset: number): boolean => {
    const handle = this.#file(file);
    try {
      return handle !== undefined && this.#system.read(handle, buffer, offset) === buffer.length;
    } catch {
      return false;
    }
  };

  [Symbol.dispose](): void {
    for (const handle of this.#files.values()) if (handle !== undefined) this.#system.close(handle);
    for (const { handle } of this.#directories) this.#system.close(handle);
    this.#files.clear();
    this.#directories.length = 0;
  }

  #file(file: number): Handle | undefined {
    const known = this.#files.has(file);
    const handle = known ? this.#files.get(file) : this.#open(file);
    if (known) this.#files.delete(file);
    this.#files.set(file, handle);
    for (const [oldest, open] of this.#files) {
      if (this.#files.size <= MOST_FILES) break;
      this.#files.delete(oldest);
      if (open !== undefined) this.#system.close(open);
    }
    return handle;
  }

  #open(file: number): Handle | undefined {
    try {
      const { directory, name } = this.#layout.placeOf(file);
      return this.#system.openFile(this.#directory(directory), name);
    } catch {
      return undefined;
    }
  }

  /** Opens what is missing of the way to the directory, and closes what is not on it. */
  #directory(wanted: number): Handle {
    const way: { readonly number: number; readonly name: Uint8Array }[] = [];
    for (let number = wanted; number !== ROOT;) {
      const { directory, name } = this.#layout.directoryAround(number);
      way.unshift({ number, name });
      number = directory;
    }
    let depth = 0;
    while (depth < way.length && this.#directories[depth + 1]?.number === way[depth].number) depth++;
    for (const { handle } of this.#directories.splice(depth + 1)) this.#system.close(handle);
    for (const { number, name } of way.slice(depth)) {
      const handle = this.#system.openDirectory(this.#directories.at(-1)!.handle, name);
      this.#directories.push({ number, handle });
    }
    return this.#directories.at(-1)!.handle;
  }
}
