/**
 * Writes tars as GNU tar does: an archive's events become blocks, in the archive's order.
 *
 * Headers are GNU's: long names in members of type L and K, large numbers in base 256. What these cannot say is in an
 * extended header of pax in front, which GNU tar reads as well: the fraction of a time, attributes, access lists, file
 * capabilities and SELinux labels, long names of users and groups.
 */
import { concat, nameBytes } from "../../core/bytes.ts";
import { withoutExtraNul } from "../archive/acl.ts";
import type { ArchiveEvent } from "../archive/archive.ts";
import type { ArchiveNode } from "../archive/archive_elements.ts";
import { CHATTR_FLAGS, FAT_FLAGS, hasModes, hasTimes, SUBVOLUME_FLAGS } from "../archive/features.ts";
import { formatAcl, formatDefaultAcl } from "./tar_acl.ts";
import { buildTarHeader, TAR_NAME_BYTES, TAR_USER_BYTES } from "./tar_header.ts";
import { paddingOf, TAR_BLOCK_BYTES, TAR_TYPE } from "./tar_member.ts";
import { buildPax, formatPaxTime, keyOfXattr, type PaxRecord } from "./tar_pax.ts";
import { escapeName } from "../archive/node_text.ts";
import { splitTime } from "../archive/node_time.ts";

/** Called for what a tar cannot hold: what it is, the path of the node, and why. */
type LoseInTar = (what: string, path: () => string, reason: string) => void;

/** Tapes are read in records of 20 blocks. */
const RECORD_BYTES = 20 * TAR_BLOCK_BYTES;

const TYPES: Readonly<Partial<Record<ArchiveNode["kind"], string>>> = {
  directory: TAR_TYPE.directory,
  file: TAR_TYPE.file,
  symlink: TAR_TYPE.symlink,
  fifo: TAR_TYPE.fifo,
  block: TAR_TYPE.block,
  char: TAR_TYPE.char,
};

/** Bits of flags: those of chattr, of FAT, of btrfs. */
const FLAG_KINDS: readonly (readonly [mask: bigint, what: string])[] = [
  [CHATTR_FLAGS, "chattr flags"],
  [FAT_FLAGS, "FAT flags"],
  [SUBVOLUME_FLAGS, "btrfs subvolumes"],
];

const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** Makes blocks out of the events of one archive. */
export class TarEncoder {
  readonly #lose: LoseInTar;
  readonly #rootName: Uint8Array;
  /** Names from the root, whose own is empty, to where the archive is. */
  readonly #names: Uint8Array[] = [];
  #fileSize: number | undefined;
  #written = 0;

  /** `rootName` is what the archive's root is called when it is no directory. */
  constructor(rootName: string, lose: LoseInTar) {
    this.#rootName = nameBytes(rootName);
    this.#lose = lose;
  }

  /** The bytes for an event; those of a file are passed on as they are. */
  visit(event: ArchiveEvent): Uint8Array[] {
    const pieces = this.#piecesOf(event);
    for (const piece of pieces) this.#written += piece.length;
    return pieces;
  }

  /** The bytes at the end. */
  finish(): Uint8Array {
    const end = this.#written + 2 * TAR_BLOCK_BYTES;
    return new Uint8Array(Math.ceil(end / RECORD_BYTES) * RECORD_BYTES - this.#written);
  }

  #piecesOf(event: ArchiveEvent): Uint8Array[] {
    if (event.type === "data") return [event.bytes];
    if (event.type === "omitted") return [];
    if (event.type === "end") {
      this.#names.pop();
      const padding = this.#fileSize === undefined ? 0 : paddingOf(this.#fileSize);
      this.#fileSize = undefined;
      return padding === 0 ? [] : [new Uint8Array(padding)];
    }
    const { node } = event;
    const nameless = node.name.length === 0 && node.kind !== "directory";
    this.#names.push(nameless ? this.#rootName : node.name);
    if (node.kind === "file") this.#fileSize = node.size;
    const type = TYPES[node.kind];
    if (type !== undefined) return this.#header(node, type);
    this.#lose("sockets", this.#displayPath, "a tar has none");
    return [];
  }

  readonly #displayPath = (): string =>
    this.#names.filter((name) => name.length > 0).map(escapeName).join("/") || ".";

  /** `./` for the root, with a slash behind directories as GNU tar has them. */
  #path(node: ArchiveNode): Uint8Array {
    const slash = Uint8Array.of(0x2f);
    const parts = this.#names.filter((name) => name.length > 0).flatMap((name) => [name, slash]);
    if (parts.length === 0) return encoder.encode("./");
    return concat(node.kind === "directory" ? parts : parts.slice(0, -1));
  }

  #header(node: ArchiveNode, type: string): Uint8Array[] {
    this.#noteLosses(node);
    const path = this.#path(node);
    const target = node.target ?? NO_BYTES;
    const [user, group] = [nameBytes(node.user ?? ""), nameBytes(node.group ?? "")];
    const mtime = hasTimes(node.features) ? node.mtime : 0n;
    const pieces: Uint8Array[] = [];
    const records = recordsOf(node, mtime, user, group);
    if (records.length > 0) pieces.push(...extended(TAR_TYPE.pax, paxName(node.name), buildPax(records)));
    if (target.length > TAR_NAME_BYTES) pieces.push(...longText(TAR_TYPE.longLink, target));
    if (path.length > TAR_NAME_BYTES) pieces.push(...longText(TAR_TYPE.longName, path));
    pieces.push(buildTarHeader({
      name: path,
      type,
      mode: hasModes(node.features) ? node.mode : node.mode & 0o777,
      uid: node.uid,
      gid: node.gid,
      size: node.size,
      mtime: splitTime(mtime).seconds,
      link: target,
      user: user.length < TAR_USER_BYTES ? user : NO_BYTES,
      group: group.length < TAR_USER_BYTES ? group : NO_BYTES,
      device: node.device,
    }));
    return pieces;
  }

  #noteLosses(node: ArchiveNode): void {
    for (const [mask, what] of FLAG_KINDS) {
      if ((node.flags & mask) !== 0n) this.#lose(what, this.#displayPath, "a tar has none");
    }
    if ((node.projectId ?? 0) !== 0) this.#lose("quota projects", this.#displayPath, "a tar has none");
  }
}

/** What the header itself cannot say. */
function recordsOf(node: ArchiveNode, mtime: bigint, user: Uint8Array, group: Uint8Array): PaxRecord[] {
  const records: PaxRecord[] = [];
  const text = (key: string, value: string) => records.push({ key, value: nameBytes(value) });
  if (splitTime(mtime).nanoseconds !== 0n) records.push({ key: "mtime", value: formatPaxTime(mtime) });
  if (user.length >= TAR_USER_BYTES) records.push({ key: "uname", value: user });
  if (group.length >= TAR_USER_BYTES) records.push({ key: "gname", value: group });
  if (node.acl !== undefined) text("SCHILY.acl.access", formatAcl(node.acl, node.mode));
  if (node.defaultAcl !== undefined) text("SCHILY.acl.default", formatDefaultAcl(node.defaultAcl));
  if (node.selinux !== undefined) text("RHT.security.selinux", node.selinux);
  for (const { name, value } of node.xattrs) {
    records.push({ key: keyOfXattr(name), value: withoutExtraNul(name, value) });
  }
  if (node.fcaps !== undefined) records.push({ key: keyOfXattr("security.capability"), value: node.fcaps });
  return records;
}

/** Readers without pax unpack it under this name. */
function paxName(name: Uint8Array): Uint8Array {
  return concat([encoder.encode("PaxHeaders/"), name]).slice(0, TAR_NAME_BYTES - 1);
}

function longText(type: string, text: Uint8Array): Uint8Array[] {
  return extended(type, encoder.encode("././@LongLink"), concat([text, Uint8Array.of(0)]));
}

function extended(type: string, name: Uint8Array, body: Uint8Array): Uint8Array[] {
  return [
    buildTarHeader({ name, type, mode: 0o644, size: body.length }),
    body,
    new Uint8Array(paddingOf(body.length)),
  ];
}
