/**
 * Feature flags of an archive: what its maker has recorded of each node. Every ENTRY repeats them, and the index of a
 * chunked archive has them too.
 *
 * Source: casync's caformat.h, and its `--with` and `--without`, whose words are used here.
 */
import { DesyncError } from "../../core/errors.ts";

/** A word for one flag, one of casync's. */
export type FeatureName =
  | "16bit-uids"
  | "32bit-uids"
  | "user-names"
  | "sec-time"
  | "usec-time"
  | "nsec-time"
  | "2sec-time"
  | "read-only"
  | "permissions"
  | "symlinks"
  | "device-nodes"
  | "fifos"
  | "sockets"
  | "flag-hidden"
  | "flag-system"
  | "flag-archive"
  | "flag-append"
  | "flag-noatime"
  | "flag-compr"
  | "flag-nocow"
  | "flag-nodump"
  | "flag-dirsync"
  | "flag-immutable"
  | "flag-sync"
  | "flag-nocomp"
  | "flag-projinherit"
  | "subvolume"
  | "subvolume-ro"
  | "xattrs"
  | "acl"
  | "selinux"
  | "fcaps"
  | "quota-projid";

function bit(place: number): bigint {
  return 1n << BigInt(place);
}

/** The flags by their words. */
export const FEATURES: Readonly<Record<FeatureName, bigint>> = {
  "16bit-uids": bit(0),
  "32bit-uids": bit(1),
  "user-names": bit(2),
  "sec-time": bit(3),
  "usec-time": bit(4),
  "nsec-time": bit(5),
  "2sec-time": bit(6),
  "read-only": bit(7),
  "permissions": bit(8),
  "symlinks": bit(9),
  "device-nodes": bit(10),
  "fifos": bit(11),
  "sockets": bit(12),
  "flag-hidden": bit(13),
  "flag-system": bit(14),
  "flag-archive": bit(15),
  "flag-append": bit(16),
  "flag-noatime": bit(17),
  "flag-compr": bit(18),
  "flag-nocow": bit(19),
  "flag-nodump": bit(20),
  "flag-dirsync": bit(21),
  "flag-immutable": bit(22),
  "flag-sync": bit(23),
  "flag-nocomp": bit(24),
  "flag-projinherit": bit(25),
  "subvolume": bit(26),
  "subvolume-ro": bit(27),
  "xattrs": bit(28),
  "acl": bit(29),
  "selinux": bit(30),
  "fcaps": bit(31),
  "quota-projid": bit(32),
};

/** Flag: files named by `.caexclude` were left out. */
export const EXCLUDE_FILE: bigint = bit(60);
/** Flag: the ids of the archive's chunks are SHA-512/256. */
export const SHA512_256: bigint = bit(61);
/** Flag: what is mounted inside was left out. */
export const EXCLUDE_SUBMOUNTS: bigint = bit(62);
/** Flag: files with chattr's `d` were left out. */
export const EXCLUDE_NODUMP: bigint = bit(63);

function all(...names: FeatureName[]): bigint {
  return names.reduce((sum, name) => sum | FEATURES[name], 0n);
}

/** Who owns a node, by number. */
const UIDS = all("16bit-uids", "32bit-uids");
/** Who may do what with a node: its owner, mode and access list. */
export const PERMISSIONS: bigint = UIDS | all("user-names", "permissions", "acl");
/** When a node was changed. */
export const TIMES: bigint = all("sec-time", "usec-time", "nsec-time", "2sec-time");
/** Flags of FAT. */
export const FAT_FLAGS: bigint = all("flag-hidden", "flag-system", "flag-archive");
/** Flags of chattr. */
export const CHATTR_FLAGS: bigint = all(
  "flag-append",
  "flag-noatime",
  "flag-compr",
  "flag-nocow",
  "flag-nodump",
  "flag-dirsync",
  "flag-immutable",
  "flag-sync",
  "flag-nocomp",
  "flag-projinherit",
);
/** Subvolumes of btrfs. */
export const SUBVOLUME_FLAGS: bigint = all("subvolume", "subvolume-ro");
const SPECIAL_NODES = all("symlinks", "device-nodes", "fifos", "sockets");

/** casync's words for several flags together. */
const SETS: Readonly<Record<string, bigint>> = {
  best: all("32bit-uids", "user-names", "nsec-time", "xattrs", "acl", "selinux", "fcaps", "quota-projid") |
    SPECIAL_NODES | FAT_FLAGS | CHATTR_FLAGS | SUBVOLUME_FLAGS,
  unix: all("16bit-uids", "permissions", "sec-time") | SPECIAL_NODES,
  fat: all("2sec-time", "read-only") | FAT_FLAGS,
  chattr: CHATTR_FLAGS,
  "fat-attrs": FAT_FLAGS,
  privileged: UIDS |
    all(
      "user-names",
      "device-nodes",
      "flag-system",
      "flag-append",
      "flag-immutable",
      "acl",
      "selinux",
      "fcaps",
      "quota-projid",
    ) | SUBVOLUME_FLAGS,
  fuse: UIDS | TIMES | SPECIAL_NODES | FAT_FLAGS | CHATTR_FLAGS | all("read-only", "permissions", "xattrs"),
  all: all(...Object.keys(FEATURES) as FeatureName[]),
};

/** All words that choose features, those for single ones first. */
export const FEATURE_WORDS: readonly string[] = [...Object.keys(FEATURES), ...Object.keys(SETS)];

/**
 * The flags that one of {@linkcode FEATURE_WORDS} stands for. Throws `usage` for another word.
 *
 * @example
 * ```ts
 * import { FEATURES, featuresOf } from "@desync/desync";
 *
 * if ((featuresOf("unix") & FEATURES.permissions) === 0n) throw new Error("not so");
 * ```
 */
export function featuresOf(word: string): bigint {
  const flags = Object.hasOwn(FEATURES, word)
    ? FEATURES[word as FeatureName]
    : Object.hasOwn(SETS, word)
    ? SETS[word]
    : undefined;
  if (flags === undefined) {
    throw new DesyncError("usage", {
      problem: "Unknown",
      subject: `feature of archives ${JSON.stringify(word)}`,
      hint: FEATURE_WORDS.join(", "),
    });
  }
  return flags;
}

/**
 * The fewest flags that say the same: of several times the finest is left, and so on. casync refuses others.
 *
 * @example
 * ```ts
 * import { FEATURES, normalizeFeatures } from "@desync/desync";
 *
 * const both = FEATURES["nsec-time"] | FEATURES["sec-time"];
 * if (normalizeFeatures(both) !== FEATURES["nsec-time"]) throw new Error("not so");
 * ```
 */
export function normalizeFeatures(features: bigint): bigint {
  let flags = features;
  const drop = (where: bigint, what: bigint) => {
    if ((flags & where) !== 0n) flags &= ~what;
  };
  if ((flags & FEATURES.acl) !== 0n && (flags & (UIDS | FEATURES["user-names"])) === 0n) {
    flags |= all("32bit-uids", "user-names");
  }
  drop(FEATURES["32bit-uids"], FEATURES["16bit-uids"]);
  drop(FEATURES["nsec-time"], all("usec-time", "sec-time", "2sec-time"));
  drop(FEATURES["usec-time"], all("sec-time", "2sec-time"));
  drop(FEATURES["sec-time"], FEATURES["2sec-time"]);
  drop(FEATURES.acl, all("permissions", "read-only"));
  drop(FEATURES.permissions, FEATURES["read-only"]);
  drop(EXCLUDE_NODUMP, FEATURES["flag-nodump"]);
  if ((flags & FEATURES["subvolume-ro"]) !== 0n) flags |= FEATURES.subvolume;
  return flags;
}

/**
 * The most flags that say the same: any time stands for all, and so on. With it casync compares what an archive has with what
 * is to be restored of it, so that it does not matter how finely either states it.
 */
export function widenFeatures(features: bigint): bigint {
  let flags = features;
  const add = (where: bigint, what: bigint) => {
    if ((flags & where) !== 0n) flags |= what;
  };
  add(UIDS, UIDS);
  add(TIMES, TIMES);
  add(FEATURES.acl, FEATURES.permissions);
  add(FEATURES.permissions, FEATURES["read-only"]);
  add(FEATURES["subvolume-ro"], FEATURES.subvolume);
  return flags;
}

/** What casync records by default, with SHA-512/256 ids. */
export const DEFAULT_FEATURES: bigint = normalizeFeatures(
  SETS.all | EXCLUDE_FILE | EXCLUDE_NODUMP | SHA512_256,
);

/** The smallest part of a second that times have, in nanoseconds; `undefined` without times. */
export function timeGranularity(features: bigint): bigint | undefined {
  if ((features & FEATURES["nsec-time"]) !== 0n) return 1n;
  if ((features & FEATURES["usec-time"]) !== 0n) return 1000n;
  if ((features & FEATURES["sec-time"]) !== 0n) return 1_000_000_000n;
  if ((features & FEATURES["2sec-time"]) !== 0n) return 2_000_000_000n;
  return undefined;
}

/** Whether the archive says who owns its nodes. */
export function hasOwners(features: bigint): boolean {
  return (features & UIDS) !== 0n;
}

/** Whether it says that by names alone: the numbers are all 0 then, and not root's. */
export function hasNamesAlone(features: bigint): boolean {
  return !hasOwners(features) && (features & FEATURES["user-names"]) !== 0n;
}

/** Whether modes are those of the nodes, and not what is left where permissions were not recorded. */
export function hasModes(features: bigint): boolean {
  // casync records whole modes with access lists, and older archives have neither flag.
  return (features & (FEATURES.permissions | FEATURES.acl | UIDS)) !== 0n;
}

/** Whether the archive says when its nodes were changed. */
export function hasTimes(features: bigint): boolean {
  return (features & TIMES) !== 0n;
}
