/** Flags of chattr and of FAT: in the bits of an archive's feature flags, and as the system knows them. */
import { FEATURES } from "../../formats/archive/features.ts";

/** FS_*_FL of Linux, include/uapi/linux/fs.h. */
const CHATTR: readonly (readonly [feature: bigint, flag: number])[] = [
  [FEATURES["flag-append"], 0x20],
  [FEATURES["flag-noatime"], 0x80],
  [FEATURES["flag-compr"], 0x4],
  [FEATURES["flag-nocow"], 0x800000],
  [FEATURES["flag-nodump"], 0x40],
  [FEATURES["flag-dirsync"], 0x10000],
  [FEATURES["flag-immutable"], 0x10],
  [FEATURES["flag-sync"], 0x8],
  [FEATURES["flag-nocomp"], 0x400],
  [FEATURES["flag-projinherit"], 0x20000000],
];

/** ATTR_* of Linux, include/uapi/linux/msdos_fs.h. */
const FAT: readonly (readonly [feature: bigint, flag: number])[] = [
  [FEATURES["flag-hidden"], 2],
  [FEATURES["flag-system"], 4],
  [FEATURES["flag-archive"], 32],
];

/** Files with this flag of chattr are left out of dumps. */
export const NODUMP = 0x40;

/** The system's flags of chattr for a node's flags. */
export function chattrFlags(features: bigint): number {
  let flags = 0;
  for (const [feature, flag] of CHATTR) if ((features & feature) !== 0n) flags |= flag;
  return flags;
}

/** A node's flags for the system's flags of chattr. */
export function chattrFeatures(flags: number): bigint {
  return featuresFor(CHATTR, flags);
}

/** A node's flags for the system's attributes of FAT. */
export function fatFeatures(attributes: number): bigint {
  return featuresFor(FAT, attributes);
}

function featuresFor(map: typeof CHATTR, flags: number): bigint {
  let features = 0n;
  if (flags !== 0) { for (const [feature, flag] of map) if ((flags & flag) !== 0) features |= feature; }
  return features;
}
