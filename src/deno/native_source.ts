/** Trees read by the C library of Linux: every attribute, every name, relative to open folders. */
import { viewOf } from "../bytes.ts";
import { DesyncError } from "../errors.ts";
import { ACL_XATTR, decodeAcl, decodeDefaultAcl, type NameId } from "../formats/acl.ts";
import {
  type ArchiveNode,
  KINDS,
  MAX_NAME_BYTES,
  MAX_TARGET_BYTES,
  type NodeKind,
} from "../formats/archive_elements.ts";
import { CHATTR_FLAGS, EXCLUDE_NODUMP, FAT_FLAGS, FEATURES, SUBVOLUME_FLAGS } from "../formats/features.ts";
import { Accounts } from "./accounts.ts";
import { chattrFeatures, fatFeatures, NODUMP } from "./chattr.ts";
import { FILE_SYSTEM, isVirtual } from "./file_systems.ts";
import { errno, type Libc, libc, SystemError, terminated } from "./libc.ts";
import type { ListedName, OpenNode, TreeSource } from "./tree_source.ts";

/** These two are not the same on all processors. */
const ARM = Deno.build.arch === "aarch64";
const O_NOFOLLOW = ARM ? 0o100000 : 0o400000;
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const O_NOCTTY = 0o400;
/** A pipe that took a file's place does not keep us waiting. */
const O_NONBLOCK = 0o4000;
const READ = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_MNT_ID = 0x1000;

const FS_IOC_GETFLAGS = 0x80086601n;
const FS_IOC_FSGETXATTR = 0x801c581fn;
const FAT_IOCTL_GET_ATTRIBUTES = 0x80047210n;
const BTRFS_IOC_SUBVOL_GETFLAGS = 0x80089419n;
const BTRFS_SUBVOL_RDONLY = 2n;
/** Where every subvolume of btrfs begins. */
const BTRFS_ROOT_INODE = 256n;
/** In struct fsxattr. */
const PROJECT_AT = 12;

const DT_DIR = 4;
const DT_REG = 8;
const LIST_BYTES = 128 * 1024;
/** Attributes' names and values: no system allows more. */
const XATTR_BYTES = 64 * 1024;

const [ENODATA, ENOTTY, ENOSYS, EBADF, EOPNOTSUPP, EINVAL] = [61, 25, 38, 9, 95, 22];
/** Errors that mean that a file system or a kind of node has no such thing. */
const UNSUPPORTED: ReadonlySet<number> = new Set([ENODATA, ENOTTY, ENOSYS, EBADF, EOPNOTSUPP, EINVAL]);

/** File systems that may know quota projects. */
const HAS_PROJECTS: ReadonlySet<bigint> = new Set([FILE_SYSTEM.ext, FILE_SYSTEM.xfs, FILE_SYSTEM.fuse]);

const EMPTY = Uint8Array.of(0);
const NO_BYTES = new Uint8Array(0);

/** What a node is besides what everybody sees. */
interface NativeNode extends OpenNode {
  /** Open for reading, for files and folders; otherwise -1. */
  readonly fd: number;
  readonly device: bigint;
  readonly fileSystem: bigint;
}

/** What of struct statx is used. */
interface Stat {
  readonly mode: number;
  readonly links: number;
  readonly uid: number;
  readonly gid: number;
  readonly inode: bigint;
  readonly size: bigint;
  readonly mtime: bigint;
  readonly rdev: { readonly major: number; readonly minor: number };
  readonly device: bigint;
  readonly mount: bigint | undefined;
}

/** Reads by the C library what these features record; `null` where it cannot be had. */
export function nativeSource(features: bigint, c: Libc | null = libc()): TreeSource | null {
  return c === null || c.statx === null || c.getdents64 === null ? null : new NativeSource(c, features);
}

class NativeSource implements TreeSource {
  readonly blind: readonly string[] = [];
  readonly #libc: Libc;
  readonly #accounts: Accounts;
  readonly #statx = new Uint8Array(256);
  readonly #list = new Uint8Array(LIST_BYTES);
  readonly #xattrs = new Uint8Array(XATTR_BYTES);
  readonly #small = new Uint8Array(128);
  readonly #features: bigint;

  constructor(c: Libc, features: bigint) {
    this.#libc = c;
    this.#accounts = new Accounts(c);
    this.#features = features;
  }

  openRoot(path: string): OpenNode {
    const name = new TextEncoder().encode(path);
    const stat = this.#stat(AT_FDCWD, terminated(name), 0);
    const opens = kindOf(stat) === "file" || kindOf(stat) === "directory";
    const fd = opens ? this.#check(this.#libc.openat(AT_FDCWD, terminated(name), READ, 0)) : -1;
    return this.#node(stat, NO_BYTES, fd, undefined, AT_FDCWD, name);
  }

  open(folder: OpenNode, { name, openable }: ListedName): OpenNode {
    const parent = folder as NativeNode;
    const text = terminated(name);
    if (!openable) {
      const stat = this.#stat(parent.fd, text, AT_SYMLINK_NOFOLLOW);
      const kind = kindOf(stat);
      if (kind !== "file" && kind !== "directory") return this.#node(stat, name, -1, parent, parent.fd, name);
    }
    const fd = this.#check(this.#libc.openat(parent.fd, text, READ | O_NOFOLLOW, 0));
    return this.#node(this.#stat(fd, EMPTY, AT_EMPTY_PATH), name, fd, parent, parent.fd, name);
  }

  list(folder: OpenNode): ListedName[] {
    const { fd } = folder as NativeNode;
    const names: ListedName[] = [];
    const view = viewOf(this.#list);
    while (true) {
      const length = this.#check(Number(this.#libc.getdents64!(fd, this.#list, BigInt(LIST_BYTES))));
      if (length === 0) return names;
      // struct linux_dirent64: u64 inode, i64 offset, u16 size, u8 type, name and NUL.
      for (let at = 0; at < length; at += view.getUint16(at + 16, true)) {
        const name = this.#list.slice(at + 19, this.#list.indexOf(0, at + 19));
        if (name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))) continue;
        const type = this.#list[at + 18];
        names.push({ name, openable: type === DT_DIR || type === DT_REG });
      }
    }
  }

  read(file: OpenNode, buffer: Uint8Array): number {
    const { fd } = file as NativeNode;
    return this.#check(
      Number(this.#libc.read(fd, buffer as Uint8Array<ArrayBuffer>, BigInt(buffer.length))),
    );
  }

  readSmall(folder: OpenNode, name: string, most: number): Uint8Array {
    const text = terminated(new TextEncoder().encode(name));
    const fd = this.#check(this.#libc.openat((folder as NativeNode).fd, text, READ, 0));
    try {
      const bytes = new Uint8Array(most + 1);
      let length = 0;
      while (length < bytes.length) {
        const part = bytes.subarray(length);
        const read = this.#check(Number(this.#libc.read(fd, part, BigInt(part.length))));
        if (read === 0) return bytes.subarray(0, length);
        length += read;
      }
      throw new DesyncError("unsupported", `it has more than ${most} bytes`);
    } finally {
      this.#libc.close(fd);
    }
  }

  changed(file: OpenNode): boolean {
    const stat = this.#stat((file as NativeNode).fd, EMPTY, AT_EMPTY_PATH);
    return stat.mtime !== file.node.mtime || (!file.virtual && Number(stat.size) !== file.node.size);
  }

  close(node: OpenNode): void {
    const { fd } = node as NativeNode;
    if (fd >= 0) this.#libc.close(fd);
  }

  /** The node in a folder that is open as `folderFd`, or itself open as `fd`, which is closed when this fails. */
  #node(
    stat: Stat,
    name: Uint8Array,
    fd: number,
    parent: NativeNode | undefined,
    folderFd: number,
    nameThere: Uint8Array,
  ): NativeNode {
    try {
      const kind = kindOf(stat);
      const isFile = kind === "file";
      const fileSystem = fd < 0
        ? parent?.fileSystem ?? 0n
        : parent !== undefined && parent.device === stat.device
        ? parent.fileSystem
        : this.#fileSystem(fd);
      const virtual = isVirtual(fileSystem);
      const chattr = fd >= 0 && this.#wants(CHATTR_FLAGS | EXCLUDE_NODUMP)
        ? this.#ioctl(fd, FS_IOC_GETFLAGS)
        : 0;
      const attributes = fd >= 0
        ? this.#attributes(fd, kind)
        : this.#closedAttributes(kind, folderFd, nameThere);
      const node: ArchiveNode = {
        name,
        kind,
        mode: stat.mode & 0o7777,
        features: 0n,
        flags: chattrFeatures(chattr) | this.#otherFlags(fd, kind, stat, fileSystem),
        uid: stat.uid,
        gid: stat.gid,
        mtime: stat.mtime,
        user: this.#accounts.nameOf("user", stat.uid),
        group: this.#accounts.nameOf("group", stat.gid),
        ...attributes,
        projectId: fd >= 0 ? this.#project(fd, fileSystem) : undefined,
        size: isFile && !virtual ? Number(stat.size) : 0,
        target: kind === "symlink" ? this.#target(folderFd, nameThere) : undefined,
        device: kind === "block" || kind === "char" ? stat.rdev : undefined,
      };
      return {
        node,
        fd,
        device: stat.device,
        mount: stat.mount ?? stat.device,
        fileSystem,
        virtual,
        nodump: (chattr & NODUMP) !== 0,
        inode: isFile && stat.links > 1 ? `${stat.device}:${stat.inode}` : undefined,
      };
    } catch (error) {
      if (fd >= 0) this.#libc.close(fd);
      throw error;
    }
  }

  /** Whether any of these is recorded. */
  #wants(features: bigint): boolean {
    return (this.#features & features) !== 0n;
  }

  #stat(fd: number, path: Uint8Array<ArrayBuffer>, flags: number): Stat {
    const mask = STATX_BASIC_STATS | STATX_MNT_ID;
    this.#check(this.#libc.statx!(fd, path, flags, mask, this.#statx as Uint8Array<ArrayBuffer>));
    return parseStat(viewOf(this.#statx));
  }

  #fileSystem(fd: number): bigint {
    this.#check(this.#libc.fstatfs(fd, this.#small));
    return viewOf(this.#small).getBigInt64(0, true);
  }

  /** What an ioctl writes as its first word; 0 where there is no such thing. */
  #ioctl(fd: number, request: bigint): number {
    this.#small.fill(0, 0, 32);
    if (this.#libc.ioctl(fd, request, this.#small) === 0) return viewOf(this.#small).getUint32(0, true);
    this.#unlessUnsupported();
    return 0;
  }

  #otherFlags(fd: number, kind: NodeKind, stat: Stat, fileSystem: bigint): bigint {
    if (fd < 0) return 0n;
    let flags = 0n;
    const mayBeFat = fileSystem === FILE_SYSTEM.fat || fileSystem === FILE_SYSTEM.fuse;
    if (mayBeFat && this.#wants(FAT_FLAGS)) flags |= fatFeatures(this.#ioctl(fd, FAT_IOCTL_GET_ATTRIBUTES));
    const mayBeVolume = fileSystem === FILE_SYSTEM.btrfs && kind === "directory" &&
      stat.inode === BTRFS_ROOT_INODE;
    if (mayBeVolume && this.#wants(SUBVOLUME_FLAGS)) {
      const readOnly = BigInt(this.#ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS)) & BTRFS_SUBVOL_RDONLY;
      flags |= FEATURES.subvolume | (readOnly === 0n ? 0n : FEATURES["subvolume-ro"]);
    }
    return flags;
  }

  #project(fd: number, fileSystem: bigint): number | undefined {
    if (!HAS_PROJECTS.has(fileSystem) || !this.#wants(FEATURES["quota-projid"])) return undefined;
    if (this.#libc.ioctl(fd, FS_IOC_FSGETXATTR, this.#small) === 0) {
      return viewOf(this.#small).getUint32(PROJECT_AT, true);
    }
    this.#unlessUnsupported();
    return undefined;
  }

  #target(folderFd: number, name: Uint8Array): Uint8Array {
    const buffer = new Uint8Array(MAX_TARGET_BYTES + 1);
    const length = this.#libc.readlinkat(folderFd, terminated(name), buffer, BigInt(buffer.length));
    return buffer.slice(0, this.#check(Number(length)));
  }

  /** The attributes of a file or folder that is open. */
  #attributes(fd: number, kind: NodeKind): Pick<ArchiveNode, "xattrs" | AttributeName> {
    const { xattrs: wanted, acl, fcaps, selinux } = FEATURES;
    const xattrs: { name: string; value: Uint8Array }[] = [];
    const found: { -readonly [name in AttributeName]?: ArchiveNode[name] } = {};
    if (!this.#wants(wanted | acl | fcaps | selinux)) return { xattrs };
    for (const name of this.#attributeNames(fd)) {
      const value = () =>
        this.#value((text) => this.#libc.fgetxattr(fd, text, this.#xattrs, BigInt(XATTR_BYTES)), name);
      if (/^(user|trusted)\../s.test(name)) {
        const bytes = this.#wants(wanted) ? value() : undefined;
        if (bytes !== undefined) xattrs.push({ name, value: bytes });
      } else if (name === "security.capability" && kind === "file") found.fcaps = value();
      else if (name === "security.selinux") found.selinux = labelOf(value());
      else if (name === ACL_XATTR.access) found.acl = accessOf(value(), this.#nameId);
      else if (name === ACL_XATTR.default) found.defaultAcl = defaultOf(value(), this.#nameId);
    }
    return { xattrs, ...found };
  }

  /** Those that a pipe, socket, device or symlink can have. */
  #closedAttributes(
    kind: NodeKind,
    folderFd: number,
    name: Uint8Array,
  ): Pick<ArchiveNode, "xattrs" | AttributeName> {
    const path = pathOf(folderFd, name);
    const label = this.#wants(FEATURES.selinux)
      ? this.#value(
        (text) => this.#libc.lgetxattr(path, text, this.#xattrs, BigInt(XATTR_BYTES)),
        "security.selinux",
      )
      : undefined;
    if (kind === "symlink" || !this.#wants(FEATURES.acl)) return { xattrs: [], selinux: labelOf(label) };
    const flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    const fd = this.#check(this.#libc.openat(folderFd, terminated(name), flags, 0));
    try {
      const opened = textOf(`/proc/self/fd/${fd}`);
      const list = this.#value(
        (text) => this.#libc.getxattr(opened, text, this.#xattrs, BigInt(XATTR_BYTES)),
        ACL_XATTR.access,
      );
      return { xattrs: [], selinux: labelOf(label), acl: accessOf(list, this.#nameId) };
    } finally {
      this.#libc.close(fd);
    }
  }

  readonly #nameId: NameId = (kind, id) => this.#accounts.nameOf(kind, id) ?? "";

  #attributeNames(fd: number): string[] {
    const length = Number(this.#libc.flistxattr(fd, this.#xattrs, BigInt(XATTR_BYTES)));
    if (length === 0) return [];
    if (length < 0) {
      this.#unlessUnsupported();
      return [];
    }
    const names = new TextDecoder().decode(this.#xattrs.subarray(0, length)).split("\0");
    return names.filter((name) => name !== "" && name.length <= MAX_NAME_BYTES);
  }

  /** An attribute's value, `undefined` when there is none. */
  #value(get: (name: Uint8Array<ArrayBuffer>) => bigint, name: string): Uint8Array | undefined {
    const length = Number(get(textOf(name)));
    if (length >= 0) return this.#xattrs.slice(0, length);
    this.#unlessUnsupported();
    return undefined;
  }

  #unlessUnsupported(): void {
    const number = errno(this.#libc);
    if (!UNSUPPORTED.has(number)) throw new SystemError(number);
  }

  #check(result: number): number {
    if (result < 0) throw new SystemError(errno(this.#libc));
    return result;
  }
}

/** Attributes that have elements of their own. */
type AttributeName = "acl" | "defaultAcl" | "fcaps" | "selinux";

function labelOf(value: Uint8Array | undefined): string | undefined {
  const label = value === undefined ? "" : new TextDecoder().decode(value).replace(/\0.*$/s, "");
  return label === "" ? undefined : label;
}

function accessOf(value: Uint8Array | undefined, name: NameId): ArchiveNode["acl"] {
  return value === undefined ? undefined : decodeAcl(value, name);
}

function defaultOf(value: Uint8Array | undefined, name: NameId): ArchiveNode["defaultAcl"] {
  return value === undefined ? undefined : decodeDefaultAcl(value, name);
}

function kindOf({ mode }: Stat): NodeKind {
  const kind = KINDS.get(mode & 0o170000);
  if (kind === undefined) throw new DesyncError("unsupported", "it is of no known kind");
  return kind;
}

/** struct statx: include/uapi/linux/stat.h. */
function parseStat(view: DataView): Stat {
  const mask = view.getUint32(0, true);
  return {
    links: view.getUint32(16, true),
    uid: view.getUint32(20, true),
    gid: view.getUint32(24, true),
    mode: view.getUint16(28, true),
    inode: view.getBigUint64(32, true),
    size: view.getBigUint64(40, true),
    mtime: view.getBigInt64(112, true) * 1_000_000_000n + BigInt(view.getUint32(120, true)),
    rdev: { major: view.getUint32(128, true), minor: view.getUint32(132, true) },
    device: view.getBigUint64(136, true),
    mount: (mask & STATX_MNT_ID) === 0 ? undefined : view.getBigUint64(144, true),
  };
}

function textOf(text: string): Uint8Array<ArrayBuffer> {
  return terminated(new TextEncoder().encode(text));
}

/** A path that begins at the open folder. */
function pathOf(folderFd: number, name: Uint8Array): Uint8Array<ArrayBuffer> {
  if (folderFd === AT_FDCWD) return terminated(name);
  const start = new TextEncoder().encode(`/proc/self/fd/${folderFd}/`);
  const path = new Uint8Array(start.length + name.length + 1);
  path.set(start);
  path.set(name, start.length);
  return path;
}
