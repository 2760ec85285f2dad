/** What an existing file has besides owner, mode and time, compared with what its archive has of it. */
import type { ArchiveNode } from "../../../formats/archive/archive_elements.ts";
import {
  CHATTR_FLAGS,
  FAT_FLAGS,
  FEATURES,
  normalizeFeatures,
  SUBVOLUME_FLAGS,
} from "../../../formats/archive/features.ts";
import { NodeWriter } from "../../../formats/archive/node_writer.ts";
import { ByteWriter } from "../../../formats/byte_writer.ts";
import { concat } from "../../../core/bytes.ts";
import type { Restored } from "../restored.ts";
import type { FileAttributes, Handle, TreeSystem } from "../tree_system.ts";
import { sameBytes } from "./same_bytes.ts";

/** Attributes in these name spaces have no meaning to the system. */
const PLAIN = /^(user|trusted)\./s;

/** Whether the open file has what is restored of the node. False where that cannot be seen, or something would be lost. */
export function hasSameAttributes(
  system: TreeSystem,
  file: Handle,
  node: ArchiveNode,
  restored: Restored,
): boolean {
  if (node.xattrs.some(({ name }) => !PLAIN.test(name))) return false;
  if ((node.projectId ?? 0) !== 0 && restored.projects) return false;
  const flags = node.flags & restored.features;
  if ((flags & (FAT_FLAGS | SUBVOLUME_FLAGS)) !== 0n) return false;
  const features = comparedFeatures(node, restored);
  if (features === 0n) return true;
  const there = system.attributes(file, features);
  if (there === undefined) return !hasAny(node) && flags === 0n;
  if ((flags & CHATTR_FLAGS) !== there.flags) return false;
  if (!hasAny(node) && !hasAny(there)) return true;
  return sameBytes(encoded(node, features), encoded({ ...node, ...there }, features));
}

/** What the archive records and what is restored of it. */
function comparedFeatures({ features, selinux }: ArchiveNode, restored: Restored): bigint {
  let compared = features & restored.features & CHATTR_FLAGS;
  if (restored.xattrs) compared |= features & FEATURES.xattrs;
  if (restored.acls) compared |= features & FEATURES.acl;
  if (restored.capabilities) compared |= features & FEATURES.fcaps;
  // A file without a label in the archive gets the one that the system gives to all.
  if (restored.labels && selinux !== undefined) compared |= features & FEATURES.selinux;
  return compared;
}

function hasAny({ xattrs, acl, fcaps, selinux }: Omit<FileAttributes, "flags">): boolean {
  return xattrs.length > 0 || acl !== undefined || fcaps !== undefined || selinux !== undefined;
}

/** As an archive has them: in one order, and with the numbers of users in access lists. */
function encoded(node: ArchiveNode, features: bigint): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new ByteWriter((piece) => pieces.push(piece));
  const recorded = normalizeFeatures(features | FEATURES["32bit-uids"]) & ~FEATURES["user-names"];
  new NodeWriter(recorded, writer).writeAttributes({ ...node, projectId: undefined });
  writer.flush();
  return concat(pieces);
}
