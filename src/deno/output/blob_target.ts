/**
 * The file that a blob is built in: beside the final one under a temporary name, or the final one itself (in place).
 */
import { dirname, resolve } from "../system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import { abortable } from "../../core/abortable.ts";
import type { BlobTarget, ByteRange } from "../../transfer/ports.ts";
import type { FileIdentity } from "../../transfer/messages.ts";
import { claimDevice } from "./device_claim.ts";
import { tryLock } from "./file_lock.ts";
import { isDevicePath } from "../files/device_path.ts";
import { fileError, isNotFound } from "../files/file_errors.ts";
import { identityOf, isIdentified } from "../files/file_identity.ts";
import { isMemory } from "../files/file_systems.ts";
import { RawFile } from "../system/libc.ts";
import { checkOutput, isSpecialOutput, outputError } from "./output_checks.ts";
import { mayReadSystem } from "../system/permitted.ts";
import { followLinks, refusePlanted } from "./planted.ts";
import { syncDirectory, syncFile } from "./sync.ts";
import { replacedMeanwhile } from "./target_file.ts";
import { TemporaryFile } from "./temporary_file.ts";
import { writeBack } from "./write_back.ts";
import { node } from "../system/node.ts";

/** What {@linkcode createBlobTarget} made or opened. */
interface NewTarget extends BlobTarget {
  /** Whether it is zeros where the blob has no data. */
  readonly hasZeros: boolean;
}

/** The parts of a blob. */
interface BlobParts {
  /** Those that need room on the disk. */
  readonly data: Iterable<ByteRange>;
  /** Those that are zeros, and are not written. */
  readonly zeros: Iterable<ByteRange>;
}

/**
 * A file beside `path`, renamed over it by `commit`; with `sync`, it is on the disk before. With a `key` of what it is to
 * become ({@linkcode partialKey}), it is what an interrupted run left, if one did, and may be left to the next run. Throws
 * when that cannot work, before any chunk is fetched.
 */
export function createBlobTarget(
  path: string,
  size: number,
  { data, zeros }: BlobParts,
  { sync = true, key }: { readonly sync?: boolean; readonly key?: string } = {},
): NewTarget {
  if (isDevicePath(path)) checkExists(path);
  if (path === "-" || isSpecialOutput(path)) {
    throw new DesyncError("usage", {
      action: "replace",
      subject: path,
      reason: "it is not a regular file",
      hint: "`desync cat` writes to a pipe",
    });
  }
  checkOutput(path);
  const temporary = new TemporaryFile(path, key);
  let file: Deno.FsFile;
  let resumed = false;
  let hasZeros = true;
  try {
    ({ file, resumed } = temporary.createOrResume());
    file.truncateSync(size);
    const ranges = [...data];
    const needed = neededBytes(ranges, size, Deno.build.os) - (resumed ? allocatedBytes(file) : 0);
    using raw = RawFile.open(temporary.path);
    const fileSystem = raw?.fileSystem();
    const free = raw === null ? freeSpace(temporary.path) : fileSystem?.free;
    // Before any is taken: on Windows a file takes all that it needs with its size.
    if (free !== undefined && free < needed) throw full(path, needed, free);
    // The run that made the file reserved all that it needs.
    if (resumed) hasZeros = raw !== null && punchHoles(raw, zeros);
    // Memory is reserved by filling it with zeros, while all else waits: a tenth of the time that a blob takes.
    else if (raw !== null && !(fileSystem && isMemory(fileSystem.kind))) reserve(raw, path, ranges, free);
  } catch (error) {
    if (resumed) temporary.keep();
    else temporary.remove();
    throw fileError("write", path, error);
  }
  return {
    path: temporary.path,
    displayName: path,
    sparse: true,
    resumed,
    identity: targetIdentity(file),
    hasZeros,
    writeBack: sync && size >= WRITE_BACK_BYTES ? writingBack(path, file) : undefined,
    commit: async (signal) => {
      try {
        checkSize(temporary.path, size);
        await temporary.replaceTarget(sync, signal);
      } catch (error) {
        throw fileError("write", path, error);
      }
    },
    discard: (keep = false) => {
      if (keep && temporary.isPartial) temporary.keep();
      else temporary.remove();
      return keep && temporary.isPartial;
    },
  };
}

/** What a file has on the disk already. */
function allocatedBytes(file: Deno.FsFile): number {
  return 512 * (file.statSync().blocks ?? 0);
}

/** What less than this leaves to wait for at the end is little. */
const WRITE_BACK_BYTES = 32 * 1024 * 1024;

function writingBack(path: string, file: Deno.FsFile): (over: AbortSignal) => Promise<void> {
  return async (over) => {
    try {
      await writeBack(file, over);
    } catch (error) {
      throw fileError("write", path, error);
    }
  };
}

function checkExists(path: string): void {
  try {
    Deno.statSync(path);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** A version that was longer may have had what is at the end now so far behind it. */
const MOVED_BYTES = 64 * 1024 * 1024;

/** Bytes of an output of `oldSize` bytes that may be of a blob of `size` bytes. */
export function usefulSize(oldSize: number, size: number, isDevice: boolean): number {
  return isDevice ? Math.min(oldSize, size + MOVED_BYTES) : oldSize;
}

/** What {@linkcode openBlobInPlace} opened. */
interface InPlaceTarget extends BlobTarget {
  /** It was there before, with the blob's size if it is a file. */
  readonly fits: boolean;
  /** Bytes that it had before and that may be of the blob: of a device not many more than the blob has. */
  readonly oldSize: number;
}

/**
 * The file or block device itself: what it holds already counts, and it is kept when the work fails. With `sync`, it is on
 * the disk when `commit` ends. Refused is a file that another run is writing to, what another user may have planted, and,
 * unless `force` is given, a device that is in use.
 */
export function openBlobInPlace(path: string, size: number, force = false, sync = true): InPlaceTarget {
  let claim: Disposable | undefined;
  let lock: Disposable | undefined;
  let file: Deno.FsFile | undefined;
  let before: Deno.FileInfo | undefined;
  let device = false;
  let oldSize = 0;
  let place = path;
  try {
    place = followLinks(path);
    refusePlanted(place, path);
    if (!force) claim = claimDevice(path, "unmount it, or give --force");
    [file, before] = openFile(place);
    device = before?.isFile === false;
    if (!device) lock = lockedFile(place);
    oldSize = device ? file.seekSync(0, Deno.SeekMode.End) : before?.size ?? 0;
    if (device) checkRoom(path, oldSize, size);
    else if (oldSize < size) file.truncateSync(size);
  } catch (error) {
    file?.close();
    lock?.[Symbol.dispose]();
    claim?.[Symbol.dispose]();
    throw outputError(path, error);
  }
  const identity = targetIdentity(file);
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    file.close();
    lock?.[Symbol.dispose]();
    claim?.[Symbol.dispose]();
  };
  return {
    path: place,
    displayName: path,
    sparse: false,
    resumed: false,
    identity,
    writeBack: sync && size >= WRITE_BACK_BYTES ? writingBack(path, file) : undefined,
    oldSize: usefulSize(oldSize, size, device),
    fits: before !== undefined && (device || before.size === size),
    commit: async (signal) => {
      try {
        // By the open file: a path may be a symlink. One that has the size already is left as it is, with its time.
        if (!device && file.statSync().size !== size) file.truncateSync(size);
        if (identity !== undefined && !isIdentified(Deno.statSync(place), identity)) {
          throw replacedMeanwhile();
        }
        if (!sync) return;
        await abortable(() => syncFile(file), signal);
        if (before === undefined) await syncDirectory(dirname(resolve(path)));
      } catch (error) {
        throw fileError("write", path, error);
      } finally {
        close();
      }
    },
    discard: () => {
      close();
      return true;
    },
  };
}

/**
 * Keeps other runs from writing to the file until this is disposed of: each would find its own bytes right while the other
 * overwrites them. Windows would keep the threads of this run from it, too.
 */
function lockedFile(path: string): Disposable | undefined {
  if (Deno.build.os === "windows") return undefined;
  // Of its own: what was written last to the other one may keep that open for a while.
  const file = Deno.openSync(path, { read: true, write: true });
  if (tryLock(file) !== "held") return file;
  file.close();
  throw new DesyncError("io", {
    reason: "another run is writing to it",
    hint: "run this again when that has ended",
  });
}

/** Opened, and what it was before; `undefined` when it had to be made. Throws `usage` for what has no places. */
function openFile(path: string): [Deno.FsFile, Deno.FileInfo | undefined] {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    // A new file among the devices would lie in memory.
    if (!isNotFound(error) || isDevicePath(path)) throw error;
    // Nor is anything opened that was put there just now.
    return [Deno.openSync(path, { createNew: true, read: true, write: true }), undefined];
  }
  const info = file.statSync();
  // Windows does not say what is a device.
  if (info.isFile || info.isBlockDevice !== false) return [file, info];
  file.close();
  throw new DesyncError("usage", {
    action: "write into",
    subject: path,
    reason: "it is neither a file nor a block device",
  });
}

/** On Windows a file is not replaced while it is open. */
function targetIdentity(file: Deno.FsFile): FileIdentity | undefined {
  return Deno.build.os === "windows" ? undefined : identityOf(file.statSync());
}

function checkRoom(path: string, room: number, size: number): void {
  if (room >= size) return;
  throw new DesyncError("io", {
    action: "write",
    subject: path,
    reason: `it has ${room} bytes, the blob has ${size}`,
  });
}

/** What the file takes on the disk. On Windows that is all of it: holes are for files that were made so, which these are not. */
export function neededBytes(data: readonly ByteRange[], size: number, os: typeof Deno.build.os): number {
  return os === "windows" ? size : data.reduce((sum, range) => sum + range.length, 0);
}

/** Bytes that the file system of this file has free for this user, `undefined` when that may not be asked. */
function freeSpace(path: string): number | undefined {
  if (!mayReadSystem("statfs")) return undefined;
  const { bavail, bsize } = node.fs.statfsSync(path);
  return bavail * bsize;
}

/** Takes the room now, where that can be done. */
function reserve(raw: RawFile, path: string, ranges: readonly ByteRange[], free: number | undefined): void {
  const needed = ranges.reduce((sum, range) => sum + range.length, 0);
  for (const range of ranges) {
    const outcome = raw.allocate(range.offset, range.length);
    if (outcome === "full") throw full(path, needed, free);
    if (outcome === "unsupported") return;
  }
}

/** Makes the ranges zeros, whatever is there. Whether that worked. */
function punchHoles(raw: RawFile, ranges: Iterable<ByteRange>): boolean {
  for (const { offset, length } of ranges) if (!raw.punchHole(offset, length)) return false;
  return true;
}

function full(path: string, needed: number, free: number | undefined): DesyncError {
  const rest = free === undefined ? "more than are free" : `${free} are free`;
  return new DesyncError("io", {
    action: "write",
    subject: path,
    reason: `it needs ${needed} bytes of disk space, ${rest}`,
  });
}

function checkSize(temporary: string, size: number): void {
  const found = Deno.statSync(temporary).size;
  if (found !== size) {
    throw new DesyncError("io", {
      action: "keep",
      subject: temporary,
      reason: `the finished file has ${found} bytes instead of ${size}`,
    });
  }
}
