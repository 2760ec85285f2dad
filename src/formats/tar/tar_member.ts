/**
 * What tars are made of, and what they say about a member.
 *
 * A tar is blocks of 512 bytes: for each member a header, and the member's bytes filled up to whole blocks; two blocks
 * of zeros end it. Read are the header of Unix V7, ustar (POSIX.1-1988), the extended headers of pax (POSIX.1-2001, types
 * x and g), and what GNU tar added: types L and K for long names and links, numbers in base 256, and sparse files.
 *
 * Sources: POSIX.1-2017, pax ("ustar Interchange Format", "pax Header"); GNU tar's manual, "Tar Internals"; checked
 * against tars that GNU tar 1.34, bsdtar 3 and desync 1.0.4 wrote.
 */
import { DesyncError } from "../../core/errors.ts";
import type { ArchiveNode, NodeKind } from "../archive/archive_elements.ts";

/** Bytes of a block. */
export const TAR_BLOCK_BYTES = 512;

/** Types of members, and of headers that are about the next one. */
export const TAR_TYPE = {
  file: "0",
  link: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
  pax: "x",
  paxGlobal: "g",
  longName: "L",
  longLink: "K",
  sparse: "S",
} as const;

/** Bytes that the extended headers before one member may have together, so that memory stays bounded. */
export const MAX_TAR_HEADER_BYTES: number = 8 * 1024 * 1024;

/** A part of a sparse file that is stored; what is not in any part is zeros. */
export interface SparsePart {
  readonly offset: number;
  readonly length: number;
}

/** Things that a tar says of a member as an archive's node has them. */
type SharedFields =
  | "mode"
  | "uid"
  | "gid"
  | "mtime"
  | "user"
  | "group"
  | "xattrs"
  | "acl"
  | "defaultAcl"
  | "fcaps"
  | "selinux"
  | "device";

/** All that a tar says about a member but for its bytes. */
export interface TarMember extends Pick<ArchiveNode, SharedFields> {
  /** As it is in the tar: where it leads has not been looked at. */
  readonly path: Uint8Array;
  /** `link` is one more name for a member that came before. */
  readonly kind: NodeKind | "link";
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes that the tar has for it. */
  readonly storedSize: number;
  /** In order, when the tar has not all bytes. */
  readonly sparse?: readonly SparsePart[];
  /** Where a symlink leads, or the path of the member that a hard link is. */
  readonly target?: Uint8Array;
}

/** An error that says where the tar is wrong. */
export function invalidTar(reason: string): DesyncError {
  return new DesyncError("invalid-archive", { reason: `not a valid tar: ${reason}` });
}

/** Bytes that fill a member of this size up to whole blocks. */
export function paddingOf(size: number): number {
  return (TAR_BLOCK_BYTES - size % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES;
}
