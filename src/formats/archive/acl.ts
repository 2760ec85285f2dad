/**
 * Access lists as Linux keeps them in the attributes system.posix_acl_access and system.posix_acl_default.
 *
 *     0  u32 version = 2
 *     4  entries of 8 bytes: u16 tag, u16 permissions, u32 id (2^32-1 where the tag needs none)
 *
 * Tags, in the order of the entries: 1 owner, 2 a user, 4 owning group, 8 a group, 16 mask, 32 others; users and groups
 * are in order of their ids. All numbers are little-endian.
 *
 * Source: Linux, include/uapi/linux/posix_acl_xattr.h.
 */
import { viewOf } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import type { Acl, AclEntry, ArchiveNode, DefaultAcl, Xattr } from "./archive_elements.ts";

const VERSION = 2;
const NO_ID = 0xffffffff;
const TAG = { owner: 1, user: 2, groupObj: 4, group: 8, mask: 16, others: 32 } as const;

/** Attributes that hold access lists. */
export const ACL_XATTR = { access: "system.posix_acl_access", default: "system.posix_acl_default" } as const;

/** The number that an entry is for, on this system. */
type ResolveId = (kind: "user" | "group", entry: AclEntry) => number;

/** The access list of a node with this mode, whose group bits are the mask. */
export function encodeAcl(acl: Acl, mode: number, resolve: ResolveId): Uint8Array<ArrayBuffer> {
  const [owner, mask, others] = [mode >> 6 & 7, mode >> 3 & 7, mode & 7];
  return encode({ ...acl, owner, groupObj: acl.groupObj ?? mask, others, mask }, resolve);
}

/** The access list for what is made in a directory. */
export function encodeDefaultAcl(acl: DefaultAcl, resolve: ResolveId): Uint8Array<ArrayBuffer> {
  const named = acl.users.length + acl.groups.length > 0;
  // With names in it, a list without a mask is refused; this one takes nothing away.
  return encode({ ...acl, mask: acl.mask ?? (named ? 7 : undefined) }, resolve);
}

function encode(acl: DefaultAcl, resolve: ResolveId): Uint8Array<ArrayBuffer> {
  type Row = [tag: number, permissions: number, id: number];
  const rows = (kind: "user" | "group", entries: readonly AclEntry[]) =>
    entries.map((entry): Row => [TAG[kind], entry.permissions, resolve(kind, entry)])
      .sort((a, b) => a[2] - b[2]);
  const all: Row[] = [
    [TAG.owner, acl.owner, NO_ID],
    ...rows("user", acl.users),
    [TAG.groupObj, acl.groupObj, NO_ID],
    ...rows("group", acl.groups),
  ];
  if (acl.mask !== undefined) all.push([TAG.mask, acl.mask, NO_ID]);
  all.push([TAG.others, acl.others, NO_ID]);
  const bytes = new Uint8Array(4 + 8 * all.length);
  const view = viewOf(bytes);
  view.setUint32(0, VERSION, true);
  all.forEach(([tag, permissions, id], i) => {
    view.setUint16(4 + 8 * i, tag, true);
    view.setUint16(6 + 8 * i, permissions, true);
    view.setUint32(8 + 8 * i, id, true);
  });
  return bytes;
}

/** What a user or group with this number is called here; empty when that is not known or not wanted. */
export type NameId = (kind: "user" | "group", id: number) => string;

/** What an access list adds to its node's mode; `undefined` when that is nothing. Throws `io` if it is invalid. */
export function decodeAcl(value: Uint8Array, name: NameId): Acl | undefined {
  const { users, groups, groupObj, mask } = decode(value, name);
  // Where there is a mask, the mode's group bits are that.
  if (mask === undefined && users.length + groups.length === 0) return undefined;
  return { users, groups, groupObj: mask === undefined ? undefined : groupObj };
}

/** The access list for what is made in a directory. Throws `io` if it is invalid. */
export function decodeDefaultAcl(value: Uint8Array, name: NameId): DefaultAcl {
  return decode(value, name);
}

function decode(value: Uint8Array, name: NameId): DefaultAcl {
  const view = viewOf(value);
  if (value.length < 4 || value.length % 8 !== 4 || view.getUint32(0, true) !== VERSION) {
    throw new DesyncError("io", { reason: `an access list of ${value.length} bytes has an unknown form` });
  }
  const single = new Map<number, number>();
  const [users, groups]: AclEntry[][] = [[], []];
  for (let at = 4; at < value.length; at += 8) {
    const [tag, permissions, id] = [
      view.getUint16(at, true),
      view.getUint16(at + 2, true),
      view.getUint32(at + 4, true),
    ];
    if (tag === TAG.user) users.push({ id, name: name("user", id), permissions });
    else if (tag === TAG.group) groups.push({ id, name: name("group", id), permissions });
    else single.set(tag, permissions);
  }
  return {
    owner: single.get(TAG.owner) ?? 0,
    groupObj: single.get(TAG.groupObj) ?? 0,
    others: single.get(TAG.others) ?? 0,
    mask: single.get(TAG.mask),
    users,
    groups,
  };
}

/** Whether an attribute of this name holds an access list. */
export function isAccessList(name: string): boolean {
  return name === ACL_XATTR.access || name === ACL_XATTR.default;
}

/**
 * The mode of a node that does not get its access list: the group's bits are the list's mask, which may be more than the
 * owning group has.
 */
export function modeWithoutAcl({ mode, acl, xattrs }: Pick<ArchiveNode, "mode" | "acl" | "xattrs">): number {
  const list = acl ?? listAmong(xattrs);
  return list?.groupObj === undefined ? mode : mode & ~0o070 | (mode & list.groupObj << 3);
}

/** The access list that desync keeps as an attribute, `undefined` when there is none that can be read. */
function listAmong(xattrs: readonly Xattr[]): Acl | undefined {
  const xattr = xattrs.find(({ name }) => name === ACL_XATTR.access);
  if (xattr === undefined) return undefined;
  try {
    return decodeAcl(withoutExtraNul(xattr.name, xattr.value), () => "");
  } catch {
    return undefined;
  }
}

/**
 * An attribute's value as it was before desync 1.0.4 put a NUL behind it, for those attributes whose size shows it. Others
 * are given back as they are: it cannot be known.
 */
export function withoutExtraNul(name: string, value: Uint8Array): Uint8Array {
  const extra = isAccessList(name)
    ? value.length % 8 === 5
    : name === "security.capability" && value.length % 4 === 1;
  return extra && value[value.length - 1] === 0 ? value.subarray(0, -1) : value;
}
