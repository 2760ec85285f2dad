/** Attributes of nodes read by the C library of Linux: extended ones, access lists, capabilities, labels. */
import { nameText } from "../../core/bytes.ts";
import { ACL_XATTR, decodeAcl, decodeDefaultAcl, type NameId } from "../../formats/archive/acl.ts";
import { type ArchiveNode, MAX_NAME_BYTES, type NodeKind } from "../../formats/archive/archive_elements.ts";
import { FEATURES } from "../../formats/archive/features.ts";
import type { Accounts } from "../system/accounts.ts";
import {
  type Libc,
  pathIn,
  systemErrorOf,
  terminated,
  terminatedText,
  unlessUnsupported,
} from "../system/libc.ts";
import { CURRENT_DIRECTORY, OPEN } from "../system/linux.ts";

/** For names and values: no system allows more. */
const BUFFER_BYTES = 64 * 1024;

/** Attributes that have elements of their own. */
type AttributeName = "acl" | "defaultAcl" | "fcaps" | "selinux";

/** What is read here of a node. */
type Attributes = Pick<ArchiveNode, "xattrs" | AttributeName>;

/** Reads what some features record. */
export class AttributeReader {
  readonly #libc: Libc;
  readonly #features: bigint;
  readonly #accounts: Accounts;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);

  /** `accounts` knows the names in access lists. */
  constructor(c: Libc, features: bigint, accounts: Accounts) {
    this.#libc = c;
    this.#features = features;
    this.#accounts = accounts;
  }

  /** Those of a file or directory that is open. */
  ofOpen(fd: number, kind: NodeKind): Attributes {
    const { xattrs: wanted, acl, fcaps, selinux } = FEATURES;
    const xattrs: { name: string; value: Uint8Array }[] = [];
    const found: { -readonly [name in AttributeName]?: ArchiveNode[name] } = {};
    if (!this.#wants(wanted | acl | fcaps | selinux)) return { xattrs };
    for (const name of this.#attributeNames(fd)) {
      const value = () =>
        this.#value((text) => this.#libc.fgetxattr(fd, text, this.#buffer, BigInt(BUFFER_BYTES)), name);
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
  ofClosed(
    kind: NodeKind,
    directoryFd: number,
    name: Uint8Array,
  ): Attributes {
    const path = directoryFd === CURRENT_DIRECTORY ? terminated(name) : pathIn(directoryFd, name);
    const label = this.#wants(FEATURES.selinux)
      ? this.#value(
        (text) => this.#libc.lgetxattr(path, text, this.#buffer, BigInt(BUFFER_BYTES)),
        "security.selinux",
      )
      : undefined;
    if (kind === "symlink" || !this.#wants(FEATURES.acl)) return { xattrs: [], selinux: labelOf(label) };
    const flags = OPEN.path | OPEN.noFollow | OPEN.closeOnExec;
    const fd = this.#libc.openat(directoryFd, terminated(name), flags, 0);
    if (fd < 0) throw systemErrorOf(this.#libc);
    try {
      const opened = terminatedText(`/proc/self/fd/${fd}`);
      const list = this.#value(
        (text) => this.#libc.getxattr(opened, text, this.#buffer, BigInt(BUFFER_BYTES)),
        ACL_XATTR.access,
      );
      return { xattrs: [], selinux: labelOf(label), acl: accessOf(list, this.#nameId) };
    } finally {
      this.#libc.close(fd);
    }
  }

  readonly #nameId: NameId = (kind, id) => this.#accounts.nameOf(kind, id) ?? "";

  #attributeNames(fd: number): string[] {
    const length = Number(this.#libc.flistxattr(fd, this.#buffer, BigInt(BUFFER_BYTES)));
    if (length === 0) return [];
    if (length < 0) {
      unlessUnsupported(this.#libc);
      return [];
    }
    const names: string[] = [];
    for (let at = 0, end: number; at < length; at = end + 1) {
      end = this.#buffer.indexOf(0, at);
      if (end > at && end - at <= MAX_NAME_BYTES) names.push(nameText(this.#buffer.subarray(at, end)));
    }
    return names;
  }

  /** An attribute's value, `undefined` when there is none. */
  #value(get: (name: Uint8Array<ArrayBuffer>) => bigint, name: string): Uint8Array | undefined {
    const length = Number(get(terminatedText(name)));
    if (length >= 0) return this.#buffer.slice(0, length);
    unlessUnsupported(this.#libc);
    return undefined;
  }

  #wants(features: bigint): boolean {
    return (this.#features & features) !== 0n;
  }
}

function labelOf(value: Uint8Array | undefined): string | undefined {
  const label = value === undefined ? "" : nameText(value).replace(/\0.*$/s, "");
  return label === "" ? undefined : label;
}

function accessOf(value: Uint8Array | undefined, name: NameId): ArchiveNode["acl"] {
  return value === undefined ? undefined : decodeAcl(value, name);
}

function defaultOf(value: Uint8Array | undefined, name: NameId): ArchiveNode["defaultAcl"] {
  return value === undefined ? undefined : decodeDefaultAcl(value, name);
}
