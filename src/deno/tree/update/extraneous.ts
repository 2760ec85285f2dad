/**
 * What the target has and the archive has not: noted directory by directory while the archive is unpacked, and removed
 * when all of it was read and verified. Symlinks are never followed, and nothing that is mounted is touched.
 */
import { Losses } from "../../../archive/losses.ts";
import { nameText } from "../../../core/bytes.ts";
import type { Yielder } from "../../../core/yielder.ts";
import { escapeName } from "../../../formats/archive/node_text.ts";
import { reasonOf } from "../../files/file_errors.ts";
import { isTemporaryEntry } from "../stale_entries.ts";
import { mountedAt, refuseMounts, removeDirectory } from "../remove_directory.ts";
import { errorCode } from "../../system/error_code.ts";
import { type EntryStat, type Handle, NotSupported, type TreeSystem } from "../tree_system.ts";
import { closeWritable, openWritable, type WritableDirectory } from "../writable_directory.ts";

/** A directory with such entries. */
interface Noted {
  /** Names from the target to it. */
  readonly way: readonly Uint8Array[];
  readonly device: bigint;
  readonly inode: bigint;
  readonly entries: readonly Uint8Array[];
}

/** What kind of loss it is to keep them. */
const WHAT = "entries that the archive does not have";

/** The names that the archive has in one directory. */
export class ArchiveNames {
  readonly #names = new Set<string>();
  /** The same in the form in which some file systems take two names for one. */
  readonly #folded = new Map<string, string>();

  /** Notes a name. */
  add(name: Uint8Array): void {
    const text = nameText(name);
    this.#names.add(text);
    this.#folded.set(fold(text), text);
  }

  /** Those of the names in the directory that the archive does not have. */
  missing(listed: readonly Uint8Array[]): Uint8Array[] {
    const texts = listed.map((name) => nameText(name));
    const there = new Set(texts);
    return listed.filter((_, i) => {
      if (this.#names.has(texts[i])) return false;
      // The archive's name may be this one to the file system: then it has no entry of its own.
      const other = this.#folded.get(fold(texts[i]));
      return other === undefined || there.has(other);
    });
  }
}

function fold(name: string): string {
  return name.normalize().toLowerCase();
}

/** Notes and removes. */
export class Extraneous {
  /** What could not be removed. */
  readonly kept = new Losses();
  readonly #system: TreeSystem;
  readonly #target: string;
  readonly #noted: Noted[] = [];
  #root: EntryStat | undefined;

  /** Of the directory that the user calls `target`. */
  constructor(system: TreeSystem, target: string) {
    this.#system = system;
    this.#target = target;
  }

  /** Has to be called first, with the open target. Throws where the system does not say what is mounted. */
  begin(root: Handle): void {
    this.#root = this.#system.stat(root);
    if (this.#root === undefined) throw new NotSupported();
  }

  /** Notes what an open directory has besides these names. */
  note(directory: Handle, way: readonly Uint8Array[], names: ArchiveNames): void {
    const entries = names.missing(this.#system.list(directory)).filter((name) => !isTemporaryEntry(name));
    if (entries.length === 0) return;
    const { device, mount, inode } = this.#system.stat(directory)!;
    if (device === this.#root!.device && mount === this.#root!.mount) {
      this.#noted.push({ way, device, inode, entries });
    } else for (const entry of entries) this.#keep(this.#pathOf(way, entry), mountedAt(this.#pathOf(way)));
  }

  /**
   * Removes all that was noted, and calls `onDelete` for each with its path. Directories keep the time that they have where
   * `keepTimes`. Throws `interrupted`.
   */
  async remove(keepTimes: boolean, onDelete: (path: string) => void, yielder: Yielder): Promise<void> {
    for (const noted of this.#noted) {
      await yielder.yieldIfDue();
      const way: WritableDirectory[] = [];
      try {
        this.#open(noted, way);
        await this.#removeIn(way.at(-1)!.handle, noted, keepTimes, onDelete, yielder);
      } catch (error) {
        if (yielder.isAborted) throw error;
        for (const entry of noted.entries) this.#keep(this.#pathOf(noted.way, entry), error);
      } finally {
        for (const directory of way.reverse()) closeWritable(this.#system, directory);
      }
    }
  }

  /** Opens the directories from the target to the one with the entries. Throws when it is not the one that was noted. */
  #open({ way, device, inode }: Noted, opened: WritableDirectory[]): void {
    opened.push({ handle: this.#system.openRoot(this.#target) });
    for (const name of way) opened.push(openWritable(this.#system, opened.at(-1)!.handle, name));
    const stat = this.#system.stat(opened.at(-1)!.handle);
    if (stat?.device === device && stat.inode === inode) return;
    throw new Error("the directory was replaced meanwhile");
  }

  async #removeIn(
    directory: Handle,
    { way, entries }: Noted,
    keepTimes: boolean,
    onDelete: (path: string) => void,
    yielder: Yielder,
  ): Promise<void> {
    const time = this.#system.stat(directory)!.mtime;
    try {
      for (const entry of entries) {
        await yielder.yieldIfDue();
        const path = this.#pathOf(way, entry);
        try {
          if (this.#removeEntry(directory, entry, path)) onDelete(path);
        } catch (error) {
          this.#keep(path, error);
        }
      }
    } finally {
      if (keepTimes) this.#system.setTime(directory, time);
    }
  }

  /** False when it is gone already. */
  #removeEntry(directory: Handle, name: Uint8Array, path: string): boolean {
    try {
      this.#system.unlink(directory, name);
    } catch (error) {
      if (errorCode(error) === "ENOENT") return false;
      if (errorCode(error) === "EBUSY") throw mountedAt(path);
      // Before anything in it is removed.
      refuseMounts(this.#system, directory, name, path, error);
      removeDirectory(this.#system, directory, name, path, error);
    }
    return true;
  }

  #keep(path: string, error: unknown): void {
    this.kept.add(WHAT, () => path, reasonOf(error));
  }

  #pathOf(way: readonly Uint8Array[], name?: Uint8Array): string {
    const names = name === undefined ? way : [...way, name];
    return [this.#target, ...names.map(escapeName)].join("/");
  }
}
