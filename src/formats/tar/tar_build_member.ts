/** Puts together what a tar's headers say about one member, believing none of it before it is checked. */
import { nameBytes, nameText } from "../../core/bytes.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { quotedText } from "../../core/foreign_text.ts";
import { ACL_XATTR, decodeAcl, decodeDefaultAcl } from "../archive/acl.ts";
import { MAX_ID, MAX_XATTR_VALUE_BYTES, type Xattr } from "../archive/archive_elements.ts";
import { type FindId, parseAclText, parseDefaultAclText } from "./tar_acl.ts";
import type { TarHeader } from "./tar_header.ts";
import { invalidTar, TAR_TYPE, type TarMember } from "./tar_member.ts";
import { parsePaxNumber, parsePaxTime, xattrOfKey } from "./tar_pax.ts";
import type { PaxFields } from "./tar_pax_fields.ts";

const MAX_XATTR_NAME = 255;
const CAPABILITIES = "security.capability";
const SELINUX = "security.selinux";
const SPECIAL: ReadonlySet<string> = new Set([CAPABILITIES, SELINUX, ACL_XATTR.access, ACL_XATTR.default]);

const KINDS: ReadonlyMap<string, TarMember["kind"]> = new Map<string, TarMember["kind"]>([
  [TAR_TYPE.file, "file"],
  ["\0", "file"],
  ["7", "file"], // contiguous
  [TAR_TYPE.sparse, "file"],
  [TAR_TYPE.link, "link"],
  [TAR_TYPE.symlink, "symlink"],
  [TAR_TYPE.char, "char"],
  [TAR_TYPE.block, "block"],
  [TAR_TYPE.directory, "directory"],
  ["D", "directory"], // of an incremental backup, with a list of names
  [TAR_TYPE.fifo, "fifo"],
]);

/** The error for a member that cannot be read, `undefined` for others. */
export function unsupportedType(type: string): DesyncError | undefined {
  if (KINDS.has(type)) return undefined;
  const reason = type === "M"
    ? "it goes on from another tar"
    : `it has members of type ${quotedText(type)}, which are none of tar's own`;
  return new DesyncError("unsupported", { reason });
}

/** Whether there are no bytes for such a member, whatever size its header states. */
export function hasNoBytes(type: string, kind: TarMember["kind"]): boolean {
  return kind !== "file" && type !== "D";
}

/** The member, sparse parts aside. Throws `invalid-archive`. */
export function buildMember(header: TarHeader, fields: PaxFields, findId: FindId): TarMember {
  const { records } = fields;
  const bytes = (key: string) => records.get(key);
  const number = (key: string) => {
    const value = bytes(key);
    return value === undefined ? undefined : BigInt(parsePaxNumber(value, key));
  };
  const path = fields.sparseName ?? bytes("path") ?? header.name;
  if (path.length === 0 || path.includes(0)) throw invalidTar("a member has no right name");
  const typed = KINDS.get(header.type) ?? "file";
  // Unix V7 knew no directories but by their names.
  const kind = typed === "file" && path[path.length - 1] === 0x2f ? "directory" : typed;
  const stored = number("size") ?? BigInt(header.size);
  const storedSize = Number(stored);
  const time = bytes("mtime");
  const { mask, ...attributes } = readAttributes(records, findId);
  const target = bytes("linkpath") ?? header.link;
  if ((kind === "symlink" || kind === "link") && (target.length === 0 || target.includes(0))) {
    throw invalidTar("a link leads nowhere");
  }
  return {
    path,
    kind,
    mode: mask === undefined ? header.mode : header.mode & ~0o070 | mask << 3,
    uid: toId(number("uid") ?? header.uid),
    gid: toId(number("gid") ?? header.gid),
    size: kind === "file" ? fields.sparseSize ?? storedSize : 0,
    storedSize,
    mtime: toTime(time === undefined ? header.mtime * 1_000_000_000n : parsePaxTime(time)),
    user: toText(bytes("uname") ?? header.user),
    group: toText(bytes("gname") ?? header.group),
    target: kind === "symlink" || kind === "link" ? target : undefined,
    device: kind === "block" || kind === "char" ? toDevice(header) : undefined,
    ...attributes,
  };
}

/** Attributes that other fields of a node are for go there, as casync has them. */
function readAttributes(
  records: ReadonlyMap<string, Uint8Array>,
  findId: FindId,
): Pick<TarMember, "xattrs" | "acl" | "defaultAcl" | "fcaps" | "selinux"> & { mask?: number } {
  const xattrs: Xattr[] = [];
  const special = new Map<string, Uint8Array>();
  for (const [key, value] of records) {
    const name = xattrOfKey(key);
    if (name === undefined) continue;
    if (SPECIAL.has(name)) special.set(name, value);
    else xattrs.push(toXattr(name, value));
  }
  const text = (key: string) => {
    const value = records.get(key);
    return value && nameText(value);
  };
  const [access, defaultAcl] = [text("SCHILY.acl.access"), text("SCHILY.acl.default")];
  const masked = access === undefined ? undefined : parseAclText(access, findId);
  const label = records.get("RHT.security.selinux") ?? special.get(SELINUX);
  return {
    xattrs,
    acl: access === undefined ? decodeXattr(special.get(ACL_XATTR.access), decodeAcl) : masked?.acl,
    mask: masked?.mask,
    defaultAcl: defaultAcl === undefined
      ? decodeXattr(special.get(ACL_XATTR.default), decodeDefaultAcl)
      : parseDefaultAclText(defaultAcl, findId),
    fcaps: special.get(CAPABILITIES),
    selinux: label && toText(label.at(-1) === 0 ? label.subarray(0, -1) : label),
  };
}

function decodeXattr<T>(
  value: Uint8Array | undefined,
  decode: (value: Uint8Array, name: () => string) => T,
): T | undefined {
  if (value === undefined) return undefined;
  try {
    return decode(value, () => "");
  } catch (error) {
    throw invalidTar(messageOf(error));
  }
}

function toXattr(name: string, value: Uint8Array): Xattr {
  if (name === "" || name.includes("\0") || nameBytes(name).length > MAX_XATTR_NAME) {
    throw invalidTar("an extended attribute has no right name");
  }
  if (value.length > MAX_XATTR_VALUE_BYTES) {
    throw invalidTar(`the extended attribute ${quotedText(name)} is too long`);
  }
  return { name, value };
}

function toText(bytes: Uint8Array): string | undefined {
  return bytes.length === 0 ? undefined : nameText(bytes);
}

function toId(id: bigint): number {
  if (id < 0n || id > MAX_ID) throw invalidTar("an owner's number is out of range");
  return Number(id);
}

/** No archive has other times. */
const [MIN_TIME, MAX_TIME] = [-(2n ** 63n), 2n ** 64n];

function toTime(time: bigint): bigint {
  if (time >= MIN_TIME && time < MAX_TIME) return time;
  throw invalidTar("a time is out of range");
}

function toDevice({ major, minor }: TarHeader): { major: number; minor: number } {
  if (major < 0n || minor < 0n || major > 0xffffffffn || minor > 0xffffffffn) {
    throw invalidTar("a device's numbers are out of range");
  }
  return { major: Number(major), minor: Number(minor) };
}
