/**
 * Numbers that the calls of Linux take, as its headers have them: fcntl.h, sys/stat.h, linux/fs.h, linux/msdos_fs.h,
 * linux/btrfs.h.
 */

/** These two are not the same on all processors. */
const ARM = Deno.build.arch === "aarch64";

/** Flags for openat. */
export const OPEN = {
  readOnly: 0,
  writeOnly: 1,
  readWrite: 2,
  create: 0o100,
  exclusive: 0o200,
  /** A terminal does not become the program's own. */
  noTerminal: 0o400,
  /** A pipe does not keep us waiting. */
  nonBlocking: 0o4000,
  directory: ARM ? 0o40000 : 0o200000,
  noFollow: ARM ? 0o100000 : 0o400000,
  closeOnExec: 0o2000000,
  path: 0o10000000,
} as const;

/** A directory for those calls that take an open one: the current one. */
export const CURRENT_DIRECTORY = -100;

/** Flags for calls that take an open directory and a name in it. */
export const AT = { removeDirectory: 0x200, noFollow: 0x100, emptyPath: 0x1000 } as const;

/** What ioctl can be asked. */
export const IOCTL = {
  getFlags: 0x80086601n,
  setFlags: 0x40086602n,
  getAttributes: 0x801c581fn,
  setAttributes: 0x401c5820n,
  getFatAttributes: 0x80047210n,
  getSubvolumeFlags: 0x80089419n,
  cloneRange: 0x4020940dn,
} as const;

/** struct fsxattr, for {@linkcode IOCTL}'s attributes: its size, and the place of fsx_projid. */
export const FSXATTR = { bytes: 28, project: 12 } as const;

/** struct statx of linux/stat.h: its size, places in it, and what can be asked for. */
export const STATX = {
  bytes: 256,
  uid: 20,
  gid: 24,
  mode: 28,
  inode: 32,
  size: 40,
  deviceMajor: 136,
  deviceMinor: 140,
  typeAndSize: 0x201,
  basic: 0x7ff,
} as const;

/**
 * struct statfs on processors of 64 bits: its size at most, the kind of the file system, bytes in a block, and blocks that are
 * free for everyone.
 */
export const STATFS = { bytes: 128, kind: 0, blockBytes: 8, freeBlocks: 32 } as const;

/** The bits of a mode that are the kind of the file, and those of a regular one. */
export const MODE = { kind: 0o170000, regular: 0o100000 } as const;

/** An empty name, for calls with {@linkcode AT}.emptyPath. */
export const EMPTY_NAME: Uint8Array<ArrayBuffer> = Uint8Array.of(0);

/** dev_t of glibc. */
export function deviceNumber(major: number, minor: number): bigint {
  const [a, i] = [BigInt(major), BigInt(minor)];
  return (a & 0xfffff000n) << 32n | (a & 0xfffn) << 8n | (i & 0xffffff00n) << 12n | i & 0xffn;
}
