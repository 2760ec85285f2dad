/** Attributes of files that Deno cannot set or read, for trees that have everything. Only on Linux, mostly only for root. */

import { nameBytes, nameText } from "../../../src/core/bytes.ts";
import { ok } from "node:assert/strict";

/** Whether {@linkcode setXattr} and its like work here. */
export const canSetAttributes: boolean = Deno.build.os === "linux" && Deno.uid() === 0;

const FS_IOC_GETFLAGS = 0x80086601n;
const FS_IOC_SETFLAGS = 0x40086602n;

/** Flags of chattr. */
export const CHATTR = { sync: 0x8, immutable: 0x10, append: 0x20, nodump: 0x40, noatime: 0x80 } as const;

/** Open as long as the tests run: for thousands of calls it is not opened each time. */
const libc = canSetAttributes ? openLibc() : undefined;

function openLibc() {
  return Deno.dlopen("libc.so.6", {
    lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
    llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
    lgetxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "isize" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    mknod: { parameters: ["buffer", "u32", "u64"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  }).symbols;
}

function withLibc<T>(work: (c: ReturnType<typeof openLibc>) => T): T {
  ok(libc !== undefined, "this test needs root on Linux: give it `ignore: !canSetAttributes`");
  return work(libc);
}

const text = (value: string) => nameBytes(`${value}\0`);

/** Sets an extended attribute of the file or symlink itself. */
export function setXattr(path: string, name: string, value: Uint8Array | string): void {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : Uint8Array.from(value);
  // An empty buffer has no address.
  const buffer = bytes.length === 0 ? new Uint8Array(1) : bytes;
  const result = withLibc((c) => c.lsetxattr(text(path), text(name), buffer, BigInt(bytes.length), 0));
  ok(result === 0, `cannot set ${name} of ${path}`);
}

/** The extended attributes of the file or symlink itself, values in hexadecimal. */
export function xattrsOf(path: string): Record<string, string> {
  const buffer = new Uint8Array(65536);
  return withLibc((c) => {
    const length = Number(c.llistxattr(text(path), buffer, BigInt(buffer.length)));
    ok(length >= 0, `cannot list the attributes of ${path}`);
    const names: string[] = [];
    for (let at = 0; at < length;) {
      const end = buffer.indexOf(0, at);
      names.push(nameText(buffer.subarray(at, end)));
      at = end + 1;
    }
    return Object.fromEntries(
      names.sort().map((name) => {
        const size = Number(c.lgetxattr(text(path), text(name), buffer, BigInt(buffer.length)));
        ok(size >= 0, `cannot read ${name} of ${path}`);
        return [name, buffer.subarray(0, size).toHex()];
      }),
    );
  });
}

/** The flags of {@linkcode CHATTR} that a file or directory has; undefined where the file system has none. */
export function chattrOf(path: string): number | undefined {
  return withLibc((c) => {
    const fd = c.open(text(path), 0);
    ok(fd >= 0, `cannot open ${path}`);
    try {
      const flags = new Uint32Array(2);
      return c.ioctl(fd, FS_IOC_GETFLAGS, flags) === 0 ? flags[0] & 0xff : undefined;
    } finally {
      c.close(fd);
    }
  });
}

/** Sets flags of chattr; `false` where the file system has none. */
export function setChattr(path: string, flags: number): boolean {
  return withLibc((c) => {
    const fd = c.open(text(path), 0);
    ok(fd >= 0, `cannot open ${path}`);
    try {
      const current = new Uint32Array(2);
      if (c.ioctl(fd, FS_IOC_GETFLAGS, current) !== 0) return false;
      // Those that a user can set at all, so that the others stay.
      current[0] = (current[0] & ~0xff) | flags;
      return c.ioctl(fd, FS_IOC_SETFLAGS, current) === 0;
    } finally {
      c.close(fd);
    }
  });
}

/** Makes a socket that nobody listens to. */
export function makeSocket(path: string): void {
  ok(withLibc((c) => c.mknod(text(path), 0o140755, 0n)) === 0, `cannot make the socket ${path}`);
}

/** An entry of an access list: tag (1 owner, 2 user, 4 owning group, 8 group, 16 mask, 32 others), permissions, number. */
export type AclRow = readonly [tag: number, permissions: number, id?: number];

/** Sets an access list, of the node itself or for what is made in it. */
export function setAcl(path: string, kind: "access" | "default", rows: readonly AclRow[]): void {
  const bytes = new Uint8Array(4 + 8 * rows.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 2, true);
  rows.forEach(([tag, permissions, id = 0xffffffff], i) => {
    view.setUint16(4 + 8 * i, tag, true);
    view.setUint16(6 + 8 * i, permissions, true);
    view.setUint32(8 + 8 * i, id, true);
  });
  setXattr(path, `system.posix_acl_${kind}`, bytes);
}

/** Whether access lists, which not every file system has, are there for temporary files. */
export const hasAccessLists: boolean = canSetAttributes && takesAccessLists();

function takesAccessLists(): boolean {
  const file = Deno.makeTempFileSync({ prefix: "desync-test-" });
  try {
    setAcl(file, "access", [[1, 6], [2, 7, 12345], [4, 4], [16, 7], [32, 4]]);
    return true;
  } catch {
    return false;
  } finally {
    Deno.removeSync(file);
  }
}
