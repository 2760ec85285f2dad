/** A folder of this machine, read in the order and form of an archive's nodes. */
import { closeSync, constants, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";
import { DesyncError } from "../errors.ts";
import type { ArchiveEvent } from "../formats/archive.ts";
import { type ArchiveNode, KINDS } from "../formats/archive_elements.ts";
import { fileError } from "./file_errors.ts";
import { modificationTime } from "./libc.ts";

const PIECE_BYTES = 256 * 1024;
/** Nodes after which others get their turn, such as Ctrl-C. */
const TURN = 256;

/** Whether there is a folder of this name, symlinks followed. */
export function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/**
 * Calls `visit` for the folder and all in it, children in byte order of their names. Owners by number, modes and times
 * are told, attributes and access lists are not. Throws `missing-file`, `io`, `interrupted`.
 */
export async function readTree(
  folder: string,
  visit: (event: ArchiveEvent) => void,
  signal?: AbortSignal,
): Promise<void> {
  await new TreeReader(visit, signal).read(Deno.realPathSync(folder), "");
}

class TreeReader {
  readonly #visit: (event: ArchiveEvent) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #buffer = new Uint8Array(PIECE_BYTES);
  #nodes = 0;

  constructor(visit: (event: ArchiveEvent) => void, signal: AbortSignal | undefined) {
    this.#visit = visit;
    this.#signal = signal;
  }

  async read(path: string, name: string): Promise<void> {
    if (++this.#nodes % TURN === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    this.#checkSignal();
    const node = reading(path, () => nodeOf(path, name));
    this.#visit({ type: "node", node });
    if (node.kind === "file") this.#readFile(path, node.size);
    else if (node.kind === "directory") {
      for (const child of reading(path, () => namesIn(path))) await this.read(join(path, child), child);
    }
    this.#visit({ type: "end" });
  }

  #checkSignal(): void {
    if (this.#signal?.aborted) throw new DesyncError("interrupted", "Interrupted");
  }

  #readFile(path: string, size: number): void {
    const fd = reading(path, () => openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)));
    try {
      let left = size;
      while (left > 0) {
        this.#checkSignal();
        const read = reading(path, () => readSync(fd, this.#buffer, 0, Math.min(left, PIECE_BYTES), null));
        if (read === 0) {
          throw new DesyncError("io", `Cannot read ${path}: it became shorter while it was read`);
        }
        this.#visit({ type: "data", bytes: this.#buffer.subarray(0, read) });
        left -= read;
      }
    } finally {
      closeSync(fd);
    }
  }
}

function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileError(`read ${path}`, error);
  }
}

/** In the order of their bytes, which that of UTF-16 is not for all characters. */
function namesIn(folder: string): string[] {
  const encoder = new TextEncoder();
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => ({ name, bytes: encoder.encode(name) }));
  names.sort((a, b) => compareBytes(a.bytes, b.bytes));
  return names.map(({ name }) => name);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

function nodeOf(path: string, name: string): ArchiveNode {
  const info = lstatSync(path, { bigint: true });
  const mode = Number(info.mode);
  const kind = KINDS.get(mode & 0o170000);
  if (kind === undefined) throw new DesyncError("unsupported", `Cannot read ${path}: it is of no known kind`);
  const device = kind === "block" || kind === "char" ? deviceNumbers(info.rdev) : undefined;
  return {
    name: new TextEncoder().encode(name),
    kind,
    mode: mode & 0o7777,
    features: 0n,
    flags: 0n,
    uid: Number(info.uid),
    gid: Number(info.gid),
    mtime: modificationTime(path) ?? info.mtimeMs * 1_000_000n,
    xattrs: [],
    size: kind === "file" ? Number(info.size) : 0,
    target: kind === "symlink" ? new TextEncoder().encode(readlinkSync(path)) : undefined,
    device,
  };
}

/** The parts of Linux's dev_t. */
function deviceNumbers(rdev: bigint): { major: number; minor: number } {
  const major = (rdev >> 8n & 0xfffn) | (rdev >> 32n & 0xfffff000n);
  const minor = (rdev & 0xffn) | (rdev >> 12n & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
