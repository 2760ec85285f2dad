/** Trees read by the C library of Linux: every attribute, every name, relative to open directories. */
import { viewOf } from "../../core/bytes.ts";
import { tooLarge } from "../files/file_errors.ts";
import { type ArchiveNode, MAX_TARGET_BYTES, type NodeKind } from "../../formats/archive/archive_elements.ts";
import {
  CHATTR_FLAGS,
  EXCLUDE_NODUMP,
  FAT_FLAGS,
  FEATURES,
  SUBVOLUME_FLAGS,
} from "../../formats/archive/features.ts";
import { Accounts } from "../system/accounts.ts";
import { chattrFeatures, fatFeatures, NODUMP } from "./chattr.ts";
import { FILE_SYSTEM, isVirtual } from "../files/file_systems.ts";
import { type Libc, libc, systemErrorOf, terminated, unlessUnsupported } from "../system/libc.ts";
import { AT, CURRENT_DIRECTORY, EMPTY_NAME, FSXATTR, IOCTL, OPEN } from "../system/linux.ts";
import { DirectoryLister } from "../system/list_directory.ts";
import { AttributeReader } from "./native_attributes.ts";
import { kindOf, type Stat, StatReader } from "../system/statx.ts";
import type { ListedName, OpenNode, ReadSystem } from "./read_system.ts";

const READ = OPEN.closeOnExec | OPEN.noTerminal | OPEN.nonBlocking;
const BTRFS_SUBVOL_RDONLY = 2n;
/** Where every subvolume of btrfs begins. */
const BTRFS_ROOT_INODE = 256n;

const DT_DIR = 4;
const DT_REG = 8;

/** File systems that may know quota projects. */
const HAS_PROJECTS: ReadonlySet<bigint> = new Set([FILE_SYSTEM.ext, FILE_SYSTEM.xfs, FILE_SYSTEM.fuse]);

const NO_BYTES = new Uint8Array(0);

/** What a node is besides what all users see. */
interface NativeNode extends OpenNode {
  /** Open for reading, for files and directories; otherwise -1. */
  readonly fd: number;
  readonly device: bigint;
  readonly fileSystem: bigint;
}

/** Reads by the C library what these features record; `null` where it cannot be had. */
export function nativeSource(features: bigint, c: Libc | null = libc()): ReadSystem | null {
  return c === null || c.statx === null || c.getdents64 === null ? null : new NativeSource(c, features);
}

class NativeSource implements ReadSystem {
  readonly notRecorded: readonly string[] = [];
  readonly #libc: Libc;
  readonly #accounts: Accounts;
  readonly #stats: StatReader;
  readonly #attributes: AttributeReader;
  readonly #lister: DirectoryLister;
  readonly #small = new Uint8Array(128);
  readonly #features: bigint;

  constructor(c: Libc, features: bigint) {
    this.#libc = c;
    this.#accounts = new Accounts(c);
    this.#stats = new StatReader(c);
    this.#lister = new DirectoryLister(c);
    this.#attributes = new AttributeReader(c, features, this.#accounts);
    this.#features = features;
  }

  openRoot(path: string): OpenNode {
    const name = new TextEncoder().encode(path);
    const stat = this.#stats.read(CURRENT_DIRECTORY, terminated(name), 0);
    const opens = kindOf(stat) === "file" || kindOf(stat) === "directory";
    const fd = opens ? this.#check(this.#libc.openat(CURRENT_DIRECTORY, terminated(name), READ, 0)) : -1;
    return this.#node(stat, NO_BYTES, fd, undefined, CURRENT_DIRECTORY, name);
  }

  open(directory: OpenNode, { name, openable }: ListedName): OpenNode {
    const parent = directory as NativeNode;
    const text = terminated(name);
    if (!openable) {
      const stat = this.#stats.read(parent.fd, text, AT.noFollow);
      const kind = kindOf(stat);
      if (kind !== "file" && kind !== "directory") return this.#node(stat, name, -1, parent, parent.fd, name);
    }
    const fd = this.#check(this.#libc.openat(parent.fd, text, READ | OPEN.noFollow, 0));
    return this.#node(this.#stats.read(fd, EMPTY_NAME, AT.emptyPath), name, fd, parent, parent.fd, name);
  }

  list(directory: OpenNode): ListedName[] {
    const { fd } = directory as NativeNode;
    return this.#lister.list(fd).map(({ name, type }) => ({
      name,
      openable: type === DT_DIR || type === DT_REG,
    }));
  }

  read(file: OpenNode, buffer: Uint8Array): number {
    const { fd } = file as NativeNode;
    return this.#check(
      Number(this.#libc.read(fd, buffer as Uint8Array<ArrayBuffer>, BigInt(buffer.length))),
    );
  }

  readSmall(directory: OpenNode, name: string, most: number): Uint8Array {
    const text = terminated(new TextEncoder().encode(name));
    const fd = this.#check(this.#libc.openat((directory as NativeNode).fd, text, READ, 0));
    try {
      const bytes = new Uint8Array(most + 1);
      let length = 0;
      while (length < bytes.length) {
        const part = bytes.subarray(length);
        const read = this.#check(Number(this.#libc.read(fd, part, BigInt(part.length))));
        if (read === 0) return bytes.subarray(0, length);
        length += read;
      }
      throw tooLarge(most);
    } finally {
      this.#libc.close(fd);
    }
  }

  changed(file: OpenNode): boolean {
    const stat = this.#stats.read((file as NativeNode).fd, EMPTY_NAME, AT.emptyPath);
    return stat.mtime !== file.node.mtime || (!file.virtual && Number(stat.size) !== file.node.size);
  }

  close(node: OpenNode): void {
    const { fd } = node as NativeNode;
    if (fd >= 0) this.#libc.close(fd);
  }

  /** The node in a directory that is open as `directoryFd`, or itself open as `fd`, which is closed when this fails. */
  #node(
    stat: Stat,
    name: Uint8Array,
    fd: number,
    parent: NativeNode | undefined,
    directoryFd: number,
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
        ? this.#ioctl(fd, IOCTL.getFlags)
        : 0;
      const attributes = fd >= 0
        ? this.#attributes.ofOpen(fd, kind)
        : this.#attributes.ofClosed(kind, directoryFd, nameThere);
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
        target: kind === "symlink" ? this.#target(directoryFd, nameThere) : undefined,
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

  #fileSystem(fd: number): bigint {
    this.#check(this.#libc.fstatfs(fd, this.#small));
    return viewOf(this.#small).getBigInt64(0, true);
  }

  /** What an ioctl writes as its first word; 0 where there is no such thing. */
  #ioctl(fd: number, request: bigint): number {
    this.#small.fill(0, 0, 32);
    if (this.#libc.ioctl(fd, request, this.#small) === 0) return viewOf(this.#small).getUint32(0, true);
    unlessUnsupported(this.#libc);
    return 0;
  }

  #otherFlags(fd: number, kind: NodeKind, stat: Stat, fileSystem: bigint): bigint {
    if (fd < 0) return 0n;
    let flags = 0n;
    const mayBeFat = fileSystem === FILE_SYSTEM.fat || fileSystem === FILE_SYSTEM.fuse;
    if (mayBeFat && this.#wants(FAT_FLAGS)) flags |= fatFeatures(this.#ioctl(fd, IOCTL.getFatAttributes));
    const mayBeVolume = fileSystem === FILE_SYSTEM.btrfs && kind === "directory" &&
      stat.inode === BTRFS_ROOT_INODE;
    if (mayBeVolume && this.#wants(SUBVOLUME_FLAGS)) {
      const readOnly = BigInt(this.#ioctl(fd, IOCTL.getSubvolumeFlags)) & BTRFS_SUBVOL_RDONLY;
      flags |= FEATURES.subvolume | (readOnly === 0n ? 0n : FEATURES["subvolume-ro"]);
    }
    return flags;
  }

  #project(fd: number, fileSystem: bigint): number | undefined {
    if (!HAS_PROJECTS.has(fileSystem) || !this.#wants(FEATURES["quota-projid"])) return undefined;
    if (this.#libc.ioctl(fd, IOCTL.getAttributes, this.#small) === 0) {
      return viewOf(this.#small).getUint32(FSXATTR.project, true);
    }
    unlessUnsupported(this.#libc);
    return undefined;
  }

  #target(directoryFd: number, name: Uint8Array): Uint8Array {
    const buffer = new Uint8Array(MAX_TARGET_BYTES + 1);
    const length = this.#libc.readlinkat(directoryFd, terminated(name), buffer, BigInt(buffer.length));
    return buffer.slice(0, this.#check(Number(length)));
  }

  #check(result: number): number {
    if (result < 0) throw systemErrorOf(this.#libc);
    return result;
  }
}
