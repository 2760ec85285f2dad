/**
 * What archives (.catar) are made of: the types of their elements, their limits, and what they say about a node.
 *
 * An element is `u64 size, u64 type` and its content, all little-endian; `size` counts these 16 bytes too. For each
 * node there are, in this order, with as many of the ones in brackets as the node has:
 *
 *     ENTRY              0x1396fabcea5bbb51  u64 feature flags, st_mode, flags, uid, gid, mtime (ns; archive_time.ts)
 *     [USER]             0xf453131aaeeaccb3  name, NUL
 *     [GROUP]            0x25eb6ac969396a52  name, NUL
 *     [XATTR]…           0xb8157091f80bc486  name, NUL, value
 *     [ACL_USER]…        0x297dc88b2ef12faf  u64 uid, u64 permissions, and name, NUL where it has a name
 *     [ACL_GROUP]…       0x36f2acb56cb3dd0b  u64 gid, as ACL_USER
 *     [ACL_GROUP_OBJ]    0x23047110441f38f3  u64 permissions of the owning group; st_mode has the mask then
 *     [ACL_DEFAULT]      0xfe3eeda6823c8cd0  u64 permissions of owner, group, others, mask (2^64-1: none)
 *     [ACL_DEFAULT_USER]…  0xbdf03df9bd010a91  as ACL_USER
 *     [ACL_DEFAULT_GROUP]… 0xa0cb1168782d1f51  as ACL_GROUP
 *     [SELINUX]          0x46faf0602fd26c59  label, NUL
 *     [FCAPS]            0xf7267db0afed0629  struct vfs_cap_data
 *     [QUOTA_PROJID]     0x161baf2d8772a72b  u64
 *
 * and then its content: for a file PAYLOAD 0x8b9e1d93d6dcffc9 (its bytes), for a symlink SYMLINK 0x664a6fb6830e0d6c
 * (target, NUL), for a device DEVICE 0xac3dace369dfe643 (u64 major, u64 minor), for a pipe or socket nothing, and for a
 * directory for each child FILENAME 0x6dbb6ebcb3161f0b (name, NUL) with the child's elements, and at the end one
 * GOODBYE 0xdfd35c5e8327c403 (see goodbye.ts).
 *
 * Source: casync's caformat.h, checked against archives that casync 2 and desync 1.0.4 wrote.
 */

/** Types of elements. */
export const ELEMENT = {
  entry: 0x1396fabcea5bbb51n,
  user: 0xf453131aaeeaccb3n,
  group: 0x25eb6ac969396a52n,
  xattr: 0xb8157091f80bc486n,
  aclUser: 0x297dc88b2ef12fafn,
  aclGroup: 0x36f2acb56cb3dd0bn,
  aclGroupObj: 0x23047110441f38f3n,
  aclDefault: 0xfe3eeda6823c8cd0n,
  aclDefaultUser: 0xbdf03df9bd010a91n,
  aclDefaultGroup: 0xa0cb1168782d1f51n,
  selinux: 0x46faf0602fd26c59n,
  fcaps: 0xf7267db0afed0629n,
  quotaProjectId: 0x161baf2d8772a72bn,
  payload: 0x8b9e1d93d6dcffc9n,
  symlink: 0x664a6fb6830e0d6cn,
  device: 0xac3dace369dfe643n,
  filename: 0x6dbb6ebcb3161f0bn,
  goodbye: 0xdfd35c5e8327c403n,
} as const;

/** Name of a type of elements. */
export type ElementName = keyof typeof ELEMENT;

/** Bytes in front of an element's content. */
export const ELEMENT_HEADER_BYTES = 16;
/** Bytes of an ENTRY, header included. */
export const ENTRY_BYTES = 64;

/** Bytes that a node's name may have. */
export const MAX_NAME_BYTES = 255;
/** Largest number of a user or group: 2^32-1 means "none" to the system. */
export const MAX_ID = 0xfffffffe;
/** No mask, in a default access list. */
export const NO_MASK = 0xffff_ffff_ffff_ffffn;
/** Bytes that a symlink's target may have. */
export const MAX_TARGET_BYTES = 4095;
/** Bytes that an extended attribute's value may have. */
export const MAX_XATTR_VALUE_BYTES = 65536;
/** Bytes that the attributes and access lists of one node may have together, so that memory stays bounded. */
export const MAX_METADATA_BYTES: number = 4 * 1024 * 1024;
/** Directories inside each other: more could not be named by any path of the system. casync stops at 64. */
export const MAX_DEPTH = 2048;

/** A node's kind. */
export type NodeKind = "directory" | "file" | "symlink" | "fifo" | "socket" | "block" | "char";

/** The format bits of st_mode for each kind. */
export const MODE_FORMATS: Readonly<Record<NodeKind, number>> = {
  directory: 0o040000,
  file: 0o100000,
  symlink: 0o120000,
  fifo: 0o010000,
  socket: 0o140000,
  block: 0o060000,
  char: 0o020000,
};

/** The kinds by the format bits of st_mode. */
export const KINDS: ReadonlyMap<number, NodeKind> = new Map(
  (Object.keys(MODE_FORMATS) as NodeKind[]).map((kind) => [MODE_FORMATS[kind], kind]),
);

/** An extended attribute. */
export interface Xattr {
  /** With its namespace: `user.note`. A byte that is not UTF-8 is U+DC00 and the byte, here as in names of users. */
  readonly name: string;
  /** As it is, without a NUL at its end. */
  readonly value: Uint8Array;
}

/** What an access list grants to one user or group. */
export interface AclEntry {
  /** The user's or group's number. */
  readonly id: number;
  /** Empty where only the number is known. */
  readonly name: string;
  /** 4 read, 2 write, 1 execute. */
  readonly permissions: number;
}

/** The access list of a node, besides its mode. */
export interface Acl {
  /** For users besides the owner. */
  readonly users: readonly AclEntry[];
  /** For groups besides the owning one. */
  readonly groups: readonly AclEntry[];
  /** Permissions of the owning group; the mode's group bits are the mask then. */
  readonly groupObj?: number;
}

/** The access list that what is made in a directory gets. */
export interface DefaultAcl {
  /** Permissions of the owner. */
  readonly owner: number;
  /** Permissions of the owning group. */
  readonly groupObj: number;
  /** Permissions of all others. */
  readonly others: number;
  /** Most that all but owner and others may get. */
  readonly mask?: number;
  /** For users besides the owner. */
  readonly users: readonly AclEntry[];
  /** For groups besides the owning one. */
  readonly groups: readonly AclEntry[];
}

/** All that an archive says about a node, but for the bytes of a file and the children of a directory. */
export interface ArchiveNode {
  /** Its name in its directory; empty for the archive's root. */
  readonly name: Uint8Array;
  /** What it is. */
  readonly kind: NodeKind;
  /** Permissions, with setuid, setgid and sticky: the low 12 bits of st_mode. */
  readonly mode: number;
  /** Feature flags of the archive. */
  readonly features: bigint;
  /** Flags that the node has, such as immutable, in the bits of the feature flags. */
  readonly flags: bigint;
  /** Number of the user who owns it. */
  readonly uid: number;
  /** Number of the group that owns it. */
  readonly gid: number;
  /** Nanoseconds since 1970, negative before. */
  readonly mtime: bigint;
  /** The user's name, where it was recorded: it comes before the number. */
  readonly user?: string;
  /** The group's name, as {@linkcode user}. */
  readonly group?: string;
  /** Extended attributes but for those that have a field of their own here. */
  readonly xattrs: readonly Xattr[];
  /** Its access list, where it has one. */
  readonly acl?: Acl;
  /** A directory's access list for what is made in it. */
  readonly defaultAcl?: DefaultAcl;
  /** struct vfs_cap_data. */
  readonly fcaps?: Uint8Array;
  /** Its SELinux label, without NUL. */
  readonly selinux?: string;
  /** Its quota project. */
  readonly projectId?: number;
  /** Bytes of a file. */
  readonly size: number;
  /** Where a symlink leads. */
  readonly target?: Uint8Array;
  /** A device's numbers. */
  readonly device?: { readonly major: number; readonly minor: number };
}
