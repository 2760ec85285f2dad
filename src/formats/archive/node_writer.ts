/** Writes what an archive says of a node: its ENTRY and the elements of its attributes. */
import { compareBytes, nameBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import {
  type AclEntry,
  type ArchiveNode,
  type DefaultAcl,
  ELEMENT,
  ELEMENT_HEADER_BYTES,
  ENTRY_BYTES,
  MAX_NAME_BYTES,
  MODE_FORMATS,
  NO_MASK,
} from "./archive_elements.ts";
import { encodeTime } from "./archive_time.ts";
import type { ByteWriter } from "../byte_writer.ts";
import {
  CHATTR_FLAGS,
  FAT_FLAGS,
  type FeatureName,
  FEATURES,
  hasNamesAlone,
  hasOwners,
  SUBVOLUME_FLAGS,
} from "./features.ts";
import { escapeName } from "./node_text.ts";

const MAX_UID16 = 0xffff;
const NUL = Uint8Array.of(0);
const NO_BYTES = new Uint8Array(0);

/** Writes the nodes of one archive. */
export class NodeWriter {
  readonly #features: bigint;
  readonly #writer: ByteWriter;
  readonly #names = new Map<string, Uint8Array>();

  constructor(features: bigint, writer: ByteWriter) {
    this.#features = features;
    this.#writer = writer;
  }

  /** Writes the node's ENTRY. Throws `unsupported` for owners beyond what the features can record. */
  writeEntry(node: ArchiveNode): void {
    const owners = hasOwners(this.#features);
    const ids = [node.uid, node.gid, ...aclIds(node)];
    if ((this.#features & FEATURES["16bit-uids"]) !== 0n && ids.some((id) => id > MAX_UID16)) {
      throw unsupported(node, "owners beyond 65535 need the feature 32bit-uids");
    }
    const mode = MODE_FORMATS[node.kind] | this.#modeOf(node);
    this.#writer.u64(
      ENTRY_BYTES,
      ELEMENT.entry,
      this.#features,
      mode,
      this.#flagsOf(node),
      owners ? node.uid : 0,
      owners ? node.gid : 0,
      encodeTime(node.mtime, this.#features),
    );
  }

  #modeOf({ kind, mode }: ArchiveNode): number {
    if (kind === "symlink") return 0o777;
    if ((this.#features & (FEATURES.permissions | FEATURES.acl)) !== 0n) return mode;
    const readOnly = (this.#features & FEATURES["read-only"]) !== 0n && (mode & 0o222) === 0;
    return (kind === "directory" ? 0o777 : 0o666) & (readOnly ? 0o555 : 0o777);
  }

  #flagsOf({ kind, flags }: ArchiveNode): bigint {
    if (flags === 0n || (kind !== "file" && kind !== "directory")) return 0n;
    const known = CHATTR_FLAGS | FAT_FLAGS | (kind === "directory" ? SUBVOLUME_FLAGS : 0n);
    return flags & known & this.#features;
  }

  /** Writes the elements behind ENTRY, as far as they are recorded. */
  writeAttributes(node: ArchiveNode): void {
    const has = (name: FeatureName) => (this.#features & FEATURES[name]) !== 0n;
    if (has("user-names")) {
      const { user, group } = this.#ownersOf(node);
      if (user !== undefined) this.text(ELEMENT.user, user);
      if (group !== undefined) this.text(ELEMENT.group, group);
    }
    if (node.kind === "symlink") {
      if (has("selinux") && node.selinux !== undefined) this.text(ELEMENT.selinux, this.#name(node.selinux));
      return;
    }
    if (has("xattrs")) this.#writeXattrs(node);
    if (has("acl")) this.#writeAcls(node);
    if (has("selinux") && node.selinux !== undefined) this.text(ELEMENT.selinux, this.#name(node.selinux));
    if (has("fcaps") && node.fcaps !== undefined) {
      this.#writer.u64(ELEMENT_HEADER_BYTES + node.fcaps.length, ELEMENT.fcaps);
      this.#writer.bytes(node.fcaps);
    }
    if (has("quota-projid") && node.projectId) {
      this.#writer.u64(ELEMENT_HEADER_BYTES + 8, ELEMENT.quotaProjectId, node.projectId);
    }
  }

  /** root goes without saying; without numbers, the number is the name of those that have none. */
  #ownersOf({ uid, gid, user, group, features }: ArchiveNode): { user?: Uint8Array; group?: Uint8Array } {
    const nameOf = (id: number, name: string | undefined) => {
      if (id === 0 && !(name && hasNamesAlone(features))) return undefined;
      if (name) return this.#name(name);
      return hasOwners(this.#features) ? undefined : this.#name(String(id));
    };
    return { user: nameOf(uid, user), group: nameOf(gid, group) };
  }

  /** Only those that have no meaning of their own: others have elements of their own, or belong to one system. */
  #writeXattrs({ xattrs }: ArchiveNode): void {
    if (xattrs.length === 0) return;
    const kept = xattrs.filter(({ name }) => /^(user|trusted)\../s.test(name))
      .map(({ name, value }) => ({ name: nameBytes(name), value }))
      .sort((a, b) => compareBytes(a.name, b.name));
    for (const { name, value } of kept) {
      if (name.length > MAX_NAME_BYTES) continue;
      this.#writer.u64(ELEMENT_HEADER_BYTES + name.length + 1 + value.length, ELEMENT.xattr);
      this.#writer.bytes(name);
      this.#writer.bytes(NUL);
      this.#writer.bytes(value);
    }
  }

  #writeAcls({ acl, defaultAcl, kind, features }: ArchiveNode): void {
    if (acl === undefined && defaultAcl === undefined) return;
    const byName = hasNamesAlone(features);
    if (acl !== undefined) {
      this.#writeAclEntries(ELEMENT.aclUser, acl.users, byName);
      this.#writeAclEntries(ELEMENT.aclGroup, acl.groups, byName);
      if (acl.groupObj !== undefined) {
        this.#writer.u64(ELEMENT_HEADER_BYTES + 8, ELEMENT.aclGroupObj, acl.groupObj);
      }
    }
    if (defaultAcl === undefined || kind !== "directory") return;
    const { owner, groupObj, others, mask } = defaultAcl;
    this.#writer.u64(
      ELEMENT_HEADER_BYTES + 32,
      ELEMENT.aclDefault,
      owner,
      groupObj,
      others,
      mask ?? NO_MASK,
    );
    this.#writeAclEntries(ELEMENT.aclDefaultUser, defaultAcl.users, byName);
    this.#writeAclEntries(ELEMENT.aclDefaultGroup, defaultAcl.groups, byName);
  }

  /** `byName`: the entries are from where number 0 is everyone's. */
  #writeAclEntries(type: bigint, entries: readonly AclEntry[], byName: boolean): void {
    if (entries.length === 0) return;
    const [numbers, names] = [hasOwners(this.#features), (this.#features & FEATURES["user-names"]) !== 0n];
    const rows = entries.map(({ id, name, permissions }) => {
      const known = id !== 0 || (byName && name !== "");
      const named = names && known ? name || (numbers ? "" : String(id)) : "";
      return { id: numbers ? id : 0, permissions, name: named === "" ? undefined : this.#name(named) };
    });
    rows.sort((a, b) =>
      a.id - b.id || compareBytes(a.name ?? NO_BYTES, b.name ?? NO_BYTES) || a.permissions - b.permissions
    );
    for (const { id, name, permissions } of rows) {
      const length = name === undefined ? 0 : name.length + 1;
      this.#writer.u64(ELEMENT_HEADER_BYTES + 16 + length, type, id, permissions);
      if (name === undefined) continue;
      this.#writer.bytes(name);
      this.#writer.bytes(NUL);
    }
  }

  /** An element of bytes and the NUL behind them. */
  text(type: bigint, bytes: Uint8Array): void {
    this.#writer.u64(ELEMENT_HEADER_BYTES + bytes.length + 1, type);
    this.#writer.bytes(bytes);
    this.#writer.bytes(NUL);
  }

  /** The bytes of a name that comes again and again. */
  #name(text: string): Uint8Array {
    let bytes = this.#names.get(text);
    if (bytes === undefined) this.#names.set(text, bytes = nameBytes(text));
    return bytes;
  }
}

function aclIds({ acl, defaultAcl }: ArchiveNode): number[] {
  if (acl === undefined && defaultAcl === undefined) return [];
  const lists: (Pick<DefaultAcl, "users" | "groups"> | undefined)[] = [acl, defaultAcl];
  return lists.flatMap((list) =>
    list === undefined ? [] : [...list.users, ...list.groups].map(({ id }) => id)
  );
}

/** The error for a node that the features cannot record. */
export function unsupported({ name, kind }: ArchiveNode, reason: string): DesyncError {
  const subject = `${name.length === 0 ? "the archive's root" : escapeName(name)}, a ${kind}`;
  return new DesyncError("unsupported", { action: "write", subject, reason });
}
