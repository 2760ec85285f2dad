/**
 * Names in UTF-8, which are all that Deno opens, for paths that are not UTF-8: what is there is opened by the C library
 * and reached through `/proc/self/fd`; a file to be written has another name beside its own until it is complete.
 */
import { nameBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { fileError } from "./file_errors.ts";
import { notePath } from "./given_paths.ts";
import { JobLibc, type Libc, systemErrorOf, terminated, terminatedText } from "../system/libc.ts";
import { CURRENT_DIRECTORY, OPEN } from "../system/linux.ts";
import { FOREIGN_FUNCTIONS } from "../system/runtime.ts";
import { isPlanted, planted } from "../output/planted.ts";
import { aliasName, removeStaleAliases } from "../output/temporary_names.ts";
import { removeQuietly } from "./remove_quietly.ts";

const [DOT, SLASH] = [0x2e, 0x2f];
const DIRECTORY_MODE = 0o777;

/** Aliases of paths, which are texts of `nameText`. Disposed of when what was written there is complete, or failed. */
export class PathAliases implements Disposable {
  readonly #job = new JobLibc();
  readonly #outputs: { alias: string; path: string }[] = [];

  /**
   * Of what is there. Throws `missing-file` or `io` when it cannot be opened, `unsupported` without foreign functions.
   */
  existing(path: string): string {
    return this.#alias(path, this.#open(path, "read"));
  }

  /** Of a directory, which is made unless something is there. */
  directory(path: string): string {
    const name = terminated(nameBytes(path));
    this.#libc(path).mkdirat(CURRENT_DIRECTORY, name, DIRECTORY_MODE);
    return this.#alias(path, this.#open(path, "make"));
  }

  /** Of a file to be written. A device, pipe or directory is what it is, and so is a file that is written `inPlace`. */
  output(path: string, inPlace = false): string {
    const libc = this.#libc(path);
    const bytes = nameBytes(path);
    const fd = libc.openat(CURRENT_DIRECTORY, terminated(bytes), OPEN.path | OPEN.closeOnExec, 0);
    if (fd >= 0 && (inPlace || !Deno.statSync(inProc(fd)).isFile)) {
      this.#refusePlanted(path, bytes);
      return this.#alias(path, fd);
    }
    if (fd >= 0) libc.close(fd);
    const directory = this.#directoryOf(path, bytes);
    removeStaleAliases(directory || ".");
    const alias = directory + aliasName();
    // What is there has both names: its rights and its content are found there.
    const [from, to] = [terminated(bytes), terminatedText(alias)];
    if (libc.linkat(CURRENT_DIRECTORY, from, CURRENT_DIRECTORY, to, 0) !== 0) {
      const error = systemErrorOf(libc);
      if (error.code !== "ENOENT") throw fileError("write", path, error);
    }
    notePath(alias, path);
    this.#outputs.push({ alias, path });
    return alias;
  }

  /** Gives what was written its name. Throws what kept it from that. */
  [Symbol.dispose](): void {
    try {
      for (const { alias, path } of this.#outputs) this.#finish(alias, path);
    } finally {
      this.#job[Symbol.dispose]();
    }
  }

  #finish(alias: string, path: string): void {
    const libc = this.#libc(path);
    const [from, to] = [terminatedText(alias), terminated(nameBytes(path))];
    // Two names of one file are left as they are.
    const failed = libc.renameat(CURRENT_DIRECTORY, from, CURRENT_DIRECTORY, to) !== 0;
    const error = failed ? systemErrorOf(libc) : undefined;
    removeQuietly(alias);
    if (error !== undefined && error.code !== "ENOENT") throw fileError("write", path, error);
  }

  /** How names in the directory of the path begin. */
  #directoryOf(path: string, bytes: Uint8Array): string {
    const end = bytes.lastIndexOf(SLASH) + 1;
    const directory = path.slice(0, path.lastIndexOf("/") + 1);
    if (directory.isWellFormed()) return directory;
    const fd = this.#libc(path).openat(
      CURRENT_DIRECTORY,
      terminated(bytes.subarray(0, end)),
      OPEN.path | OPEN.closeOnExec,
      0,
    );
    if (fd < 0) throw fileError("write", path, systemErrorOf(this.#libc(path)));
    return `${this.#alias(directory, fd)}/`;
  }

  /** What lies under the name itself may be another's symlink, pipe or file, which its alias does not show. */
  #refusePlanted(path: string, name: Uint8Array): void {
    const [entry, directory] = [
      this.#look(path, name, OPEN.noFollow),
      this.#look(path, name.subarray(0, name.lastIndexOf(SLASH) + 1), 0),
    ];
    if (isPlanted(entry, directory)) throw planted(path, "it is another user's");
  }

  /** Of an empty name, what is known of the current directory. */
  #look(path: string, name: Uint8Array, flags: number): Deno.FileInfo {
    const libc = this.#libc(path);
    const from = terminated(name.length === 0 ? Uint8Array.of(DOT) : name);
    const fd = libc.openat(CURRENT_DIRECTORY, from, OPEN.path | OPEN.closeOnExec | flags, 0);
    if (fd < 0) throw fileError("write", path, systemErrorOf(libc));
    try {
      return Deno.statSync(inProc(fd));
    } finally {
      libc.close(fd);
    }
  }

  #open(path: string, action: string): number {
    const libc = this.#libc(path);
    const name = terminated(nameBytes(path));
    const fd = libc.openat(CURRENT_DIRECTORY, name, OPEN.path | OPEN.closeOnExec, 0);
    if (fd < 0) throw fileError(action, path, systemErrorOf(libc));
    return fd;
  }

  #alias(path: string, fd: number): string {
    const alias = inProc(fd);
    notePath(alias, path);
    return alias;
  }

  #libc(path: string): Libc {
    const { libc } = this.#job;
    if (libc !== null) return libc;
    throw new DesyncError("unsupported", {
      action: "open",
      subject: path,
      reason: "its name is not UTF-8",
      hint: `that takes ${FOREIGN_FUNCTIONS}`,
    });
  }
}

function inProc(fd: number): string {
  return `/proc/self/fd/${fd}`;
}
