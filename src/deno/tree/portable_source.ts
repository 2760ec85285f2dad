/** Trees read by what Deno offers everywhere: modes, owners, times and links, but no attributes, by path. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { tooLarge, unknownKind } from "../files/file_errors.ts";
import { join } from "../system/paths.ts";
import { type ArchiveNode, KINDS } from "../../formats/archive/archive_elements.ts";
import { CHATTR_FLAGS, FEATURES } from "../../formats/archive/features.ts";
import { Accounts } from "../system/accounts.ts";
import { fromWindowsTarget } from "./link_target.ts";
import type { ListedName, OpenNode, ReadSystem } from "./read_system.ts";
import { utf8Name } from "../files/utf8_name.ts";

/** A pipe that took a file's place does not keep us waiting. Windows has none of it. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const WINDOWS = Deno.build.os === "windows";

/** What a node is besides what all users see. */
interface PathNode extends OpenNode {
  readonly path: string;
  /** Open for reading, for files. */
  readonly fd?: number;
  readonly readTime: bigint;
}

/** What is not seen here, by the features that record it. */
const UNSEEN: readonly (readonly [features: bigint, what: string])[] = [
  [FEATURES.xattrs, "extended attributes"],
  [FEATURES.acl, "access lists"],
  [FEATURES.fcaps, "file capabilities"],
  [FEATURES.selinux, "SELinux labels"],
  [CHATTR_FLAGS, "chattr flags"],
  [FEATURES["quota-projid"], "quota projects"],
];

/** Reads by node:fs what it can of what these features record. */
export function portableSource(features = 0n): ReadSystem {
  return new PortableSource(features);
}

class PortableSource implements ReadSystem {
  readonly notRecorded: readonly string[];
  readonly #accounts = new Accounts();

  constructor(features: bigint) {
    this.notRecorded = UNSEEN.filter(([feature]) => (features & feature) !== 0n).map(([, what]) => what);
  }

  openRoot(path: string): OpenNode {
    const real = Deno.realPathSync(path);
    return this.#node(real, new Uint8Array(0), lstatSync(real, { bigint: true }));
  }

  open(directory: OpenNode, { name }: ListedName): OpenNode {
    const path = join((directory as PathNode).path, utf8Name("read", name));
    return this.#node(path, name, lstatSync(path, { bigint: true }));
  }

  list(directory: OpenNode): ListedName[] {
    const encoder = new TextEncoder();
    const entries = Deno.readDirSync((directory as PathNode).path);
    return Array.from(entries, ({ name }) => ({ name: encoder.encode(name), openable: false }));
  }

  read(file: OpenNode, buffer: Uint8Array): number {
    return readSync((file as PathNode).fd!, buffer, 0, buffer.length, null);
  }

  readSmall(directory: OpenNode, name: string, most: number): Uint8Array {
    const fd = openSync(join((directory as PathNode).path, name), READ);
    try {
      const bytes = new Uint8Array(most + 1);
      let length = 0;
      while (length < bytes.length) {
        const read = readSync(fd, bytes, length, bytes.length - length, null);
        if (read === 0) return bytes.subarray(0, length);
        length += read;
      }
      throw tooLarge(most);
    } finally {
      closeSync(fd);
    }
  }

  changed(file: OpenNode): boolean {
    const { fd, node, readTime } = file as PathNode;
    const { size, mtimeNs } = fstatSync(fd!, { bigint: true });
    return Number(size) !== node.size || mtimeNs !== readTime;
  }

  close(node: OpenNode): void {
    const { fd } = node as PathNode;
    if (fd !== undefined) closeSync(fd);
  }

  #node(path: string, name: Uint8Array, info: BigIntStats): PathNode {
    const mode = Number(info.mode);
    const kind = KINDS.get(mode & 0o170000);
    if (kind === undefined) throw unknownKind();
    const fd = kind === "file" ? openSync(path, READ | (constants.O_NOFOLLOW ?? 0)) : undefined;
    const uid = Number(info.uid);
    const gid = Number(info.gid);
    const target = kind === "symlink" ? readlinkSync(path) : undefined;
    const node: ArchiveNode = {
      name,
      kind,
      mode: mode & 0o7777,
      features: 0n,
      flags: 0n,
      uid,
      gid,
      mtime: info.mtimeNs,
      user: this.#accounts.nameOf("user", uid),
      group: this.#accounts.nameOf("group", gid),
      xattrs: [],
      size: kind === "file" ? Number(info.size) : 0,
      target: target === undefined
        ? undefined
        : new TextEncoder().encode(WINDOWS ? fromWindowsTarget(target) : target),
      device: kind === "block" || kind === "char" ? deviceNumbers(info.rdev) : undefined,
    };
    return {
      node,
      path,
      fd,
      readTime: info.mtimeNs,
      mount: info.dev,
      nodump: false,
      virtual: false,
      inode: kind === "file" && info.nlink > 1n ? `${info.dev}:${info.ino}` : undefined,
    };
  }
}

/** What lstat gives, with whole numbers of any size. */
type BigIntStats = ReturnType<typeof bigIntStats>;
const bigIntStats = (path: string) => lstatSync(path, { bigint: true });

/** The parts of Linux's dev_t. */
function deviceNumbers(rdev: bigint): { major: number; minor: number } {
  const major = (rdev >> 8n & 0xfffn) | (rdev >> 32n & 0xfffff000n);
  const minor = (rdev & 0xffn) | (rdev >> 12n & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
