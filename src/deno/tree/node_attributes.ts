/** Gives a file or directory that was unpacked the owner, mode, time and whatever else its archive has of it. */
import { nameBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import {
  ACL_XATTR,
  encodeAcl,
  encodeDefaultAcl,
  isAccessList,
  modeWithoutAcl,
  withoutExtraNul,
} from "../../formats/archive/acl.ts";
import type { ArchiveNode } from "../../formats/archive/archive_elements.ts";
import {
  FAT_FLAGS,
  FEATURES,
  hasModes,
  hasOwners,
  hasTimes,
  SUBVOLUME_FLAGS,
} from "../../formats/archive/features.ts";
import type { Accounts } from "../system/accounts.ts";
import { chattrFlags } from "./chattr.ts";
import { reasonOf } from "../files/file_errors.ts";
import { isHeldEverywhere, isKept } from "./kept_time.ts";
import type { Losses } from "../../archive/losses.ts";
import { ownIds, umask } from "../system/permitted.ts";
import type { Restored } from "./restored.ts";
import { errorCode } from "../system/error_code.ts";
import type { DirectoryEntry, EntryStat, Handle, TreeSystem } from "./tree_system.ts";
import { hasSameAttributes } from "./update/same_attributes.ts";

const SET_ID_BITS = 0o6000;
const CAPABILITIES = "security.capability";
const LABEL = "security.selinux";
/** Has to be set before a file has any bytes. */
const FS_NOCOW_FL = 0x800000;

/** Sets attributes, and counts those that cannot be had here. */
export class NodeAttributes {
  readonly #system: TreeSystem;
  readonly #restored: Restored;
  readonly #losses: Losses;
  readonly #accounts: Accounts;
  /** Where it is not known, only the owner gets permissions. */
  readonly #umask = umask() ?? 0o077;
  readonly #self = ownIds();
  /** How the node that is being worked on is called in messages. */
  #path: () => string = () => "";

  constructor(system: TreeSystem, restored: Restored, losses: Losses, accounts: Accounts) {
    this.#accounts = accounts;
    this.#system = system;
    this.#restored = restored;
    this.#losses = losses;
  }

  /** What has to be set while a file is empty. */
  applyEarly(file: Handle, node: ArchiveNode, path: () => string): void {
    this.#path = path;
    const nocow = chattrFlags(node.flags & this.#restored.features) & FS_NOCOW_FL;
    if (nocow !== 0) this.#try("chattr flags", () => this.#system.addFlags(file, nocow));
  }

  /** To be called before anything is made in a directory that was there: it would inherit a list that the archive has not. */
  stopInheritance(directory: Handle, node: ArchiveNode, path: () => string): void {
    this.#path = path;
    if (this.#restoresLists(node)) this.#removeXattr("access lists", directory, ACL_XATTR.default);
  }

  /**
   * Everything but what forbids further changes. With `mayHaveOthers`, what was there before, or was inherited, goes where the
   * archive records that there is none.
   */
  apply(
    what: Handle | DirectoryEntry,
    node: ArchiveNode,
    path: () => string,
    mayHaveOthers = false,
  ): void {
    this.#path = path;
    const privileged = this.#setOwner(what, node);
    // Only root sets attributes of what is read-only.
    for (const { name, value } of node.xattrs) this.#setXattrOf(what, name, value);
    // A change of owner takes capabilities and setuid away, a change of mode rewrites the access list's mask.
    if (node.kind !== "symlink") {
      this.#setMode(what, node, privileged);
      this.#setAccessLists(what, node);
      // Behind the mode: without a list, the permissions of the group are what the list left of them.
      if (mayHaveOthers) this.#removeOthers(what, node);
    }
    if (this.#restored.capabilities) this.#setCapabilities(what, node, privileged);
    const label = this.#restored.labels ? node.selinux : undefined;
    if (label !== undefined) this.#setXattr("SELinux labels", what, LABEL, nameBytes(`${label}\0`));
    this.#setProject(what, node);
    if (this.#restored.times && hasTimes(node.features)) this.#setTime(what, node.mtime);
  }

  /** What may forbid further changes, such as immutable: after the node has its name and its children. */
  applyLate(handle: Handle, node: ArchiveNode, path: () => string): void {
    this.#path = path;
    const wanted = node.flags & this.#restored.features;
    if ((wanted & FAT_FLAGS) !== 0n) this.#lose("FAT flags", "not supported here");
    if ((wanted & SUBVOLUME_FLAGS) !== 0n) this.#lose("btrfs subvolumes", "made as a directory");
    const flags = chattrFlags(wanted) & ~FS_NOCOW_FL;
    if (flags !== 0) this.#try("chattr flags", () => this.#system.addFlags(handle, flags));
  }

  /**
   * Whether what is there has all that {@linkcode apply} and {@linkcode applyLate} would give it, without a loss, and nothing
   * else that they give. False where that cannot be seen.
   */
  agrees(what: Handle | DirectoryEntry, node: ArchiveNode): boolean {
    const stat = this.#system.stat(what);
    if (stat === undefined || !this.#ownersAgree(stat, node)) return false;
    if (node.kind !== "symlink" && this.#expectedMode(node) !== stat.mode) return false;
    if (this.#restored.times && hasTimes(node.features) && stat.mtime !== node.mtime) return false;
    if (typeof what === "number") return hasSameAttributes(this.#system, what, node, this.#restored);
    return node.selinux === undefined || !this.#restored.labels;
  }

  /** A file that is not given away belongs to who runs this. */
  #ownersAgree(stat: EntryStat, node: ArchiveNode): boolean {
    const isGiven = this.#restored.owners && hasOwners(node.features);
    const { uid, gid } = isGiven ? this.#ownersOf(node) : { uid: this.#self?.uid, gid: stat.gid };
    return stat.uid === uid && stat.gid === gid;
  }

  /** `undefined` where a part of it would be lost. */
  #expectedMode(node: ArchiveNode): number | undefined {
    if (!this.#restored.modes || !hasModes(node.features)) {
      return this.#restored.plainMode(node) & ~this.#umask;
    }
    const mode = this.#restored.acls ? node.mode : modeWithoutAcl(node);
    const { uid, gid } = this.#ownersOf(node);
    const privileged = hasOwners(node.features) && (this.#restored.owners || this.#isSelf(uid, gid));
    return (mode & SET_ID_BITS) === 0 || this.#mayHaveSetIds(privileged) ? mode : undefined;
  }

  #mayHaveSetIds(privileged: boolean): boolean {
    return privileged && (this.#restored.setIds || this.#self?.uid === 0);
  }

  #lose(what: string, reason: string): void {
    this.#losses.add(what, this.#path, reason);
  }

  /** Whether it worked. What it needs may be missing here; a full disk is an error all the same. */
  #try(what: string, work: () => void): boolean {
    try {
      work();
      return true;
    } catch (error) {
      if (["ENOSPC", "EIO"].includes(errorCode(error))) throw error;
      this.#lose(what, reasonOf(error));
      return false;
    }
  }

  /** Whether privileges may be given: the node belongs to whom the archive says. */
  #setOwner(what: Handle | DirectoryEntry, node: ArchiveNode): boolean {
    if (!hasOwners(node.features)) return false;
    const { uid, gid } = this.#ownersOf(node);
    if (!this.#restored.owners) return this.#isSelf(uid, gid);
    return this.#try("owners", () => this.#system.setOwner(what, uid, gid));
  }

  #ownersOf({ user, group, uid, gid }: ArchiveNode): { uid: number; gid: number } {
    const { names } = this.#restored;
    return {
      uid: this.#accounts.idOf("user", names ? user : undefined, uid),
      gid: this.#accounts.idOf("group", names ? group : undefined, gid),
    };
  }

  #isSelf(uid: number, gid: number): boolean {
    return uid === this.#self?.uid && gid === this.#self.gid;
  }

  #setMode(what: Handle | DirectoryEntry, node: ArchiveNode, privileged: boolean): void {
    const mode = this.#restored.modes && hasModes(node.features)
      ? this.#givenMode(node, privileged)
      : this.#restored.plainMode(node) & ~this.#umask;
    this.#try("modes", () => this.#system.setMode(what, mode));
  }

  #givenMode(node: ArchiveNode, privileged: boolean): number {
    const mode = this.#restored.acls ? node.mode : modeWithoutAcl(node);
    if ((mode & SET_ID_BITS) === 0 || node.kind === "directory") return mode;
    if (this.#mayHaveSetIds(privileged)) return mode;
    const reason = !privileged
      ? "the owner is another"
      : this.#self === undefined
      ? "who runs this is not known (permit --allow-sys=uid,gid or give --same-permissions)"
      : "only root restores them without --same-permissions";
    this.#lose("setuid and setgid", reason);
    return mode & ~SET_ID_BITS;
  }

  #setXattrOf(what: Handle | DirectoryEntry, name: string, value: Uint8Array): void {
    // These go with the mode.
    if (name === CAPABILITIES || isAccessList(name)) return;
    if (name === LABEL) {
      if (this.#restored.labels) this.#setXattr("SELinux labels", what, name, value);
    } else if (this.#restored.xattr(name)) this.#setXattr("extended attributes", what, name, value);
    else if (this.#restored.xattrs) {
      const visible = foreignText(name);
      this.#lose("attributes of the system", `${visible} is restored only with --xattrs-include=${visible}`);
    }
  }

  /** Whether it worked. */
  #setXattr(kind: string, what: Handle | DirectoryEntry, name: string, value: Uint8Array): boolean {
    return this.#try(kind, () => {
      try {
        this.#system.setXattr(what, name, value);
      } catch (error) {
        // A disk that has room for files may have none for so large an attribute: ext4 takes no more than a block.
        if (errorCode(error) !== "ENOSPC") throw error;
        throw new DesyncError("io", {
          reason: `the file system has no room for ${value.length} bytes of attributes`,
        });
      }
    });
  }

  #setCapabilities(what: Handle | DirectoryEntry, node: ArchiveNode, privileged: boolean): void {
    const value = node.fcaps ?? node.xattrs.find(({ name }) => name === CAPABILITIES)?.value;
    if (value === undefined) return;
    if (!privileged) this.#lose("file capabilities", "the owner is another");
    else this.#setXattr("file capabilities", what, CAPABILITIES, withoutExtraNul(CAPABILITIES, value));
  }

  #setAccessLists(what: Handle | DirectoryEntry, node: ArchiveNode): void {
    if (!this.#restored.acls) return;
    const resolve = (kind: "user" | "group", entry: { id: number; name: string }) =>
      this.#accounts.idOf(kind, this.#restored.names ? entry.name : undefined, entry.id);
    const { acl, defaultAcl, mode } = node;
    const set = (name: string, value: Uint8Array) => this.#setXattr("access lists", what, name, value);
    const lists: [name: string, value: Uint8Array][] = node.xattrs.filter(({ name }) => isAccessList(name))
      .map(({ name, value }) => [name, withoutExtraNul(name, value)]);
    if (acl !== undefined) lists.push([ACL_XATTR.access, encodeAcl(acl, mode, resolve)]);
    if (defaultAcl !== undefined) lists.push([ACL_XATTR.default, encodeDefaultAcl(defaultAcl, resolve)]);
    for (const [name, value] of lists) {
      if (set(name, value) || name !== ACL_XATTR.access || !hasModes(node.features)) continue;
      const alone = modeWithoutAcl(node);
      if (alone !== mode) this.#try("modes", () => this.#system.setMode(what, alone & ~SET_ID_BITS));
    }
  }

  #restoresLists({ features }: ArchiveNode): boolean {
    const { acls, modes } = this.#restored;
    return acls && modes && hasModes(features) && (features & FEATURES.acl) !== 0n;
  }

  #removeOthers(what: Handle | DirectoryEntry, node: ArchiveNode): void {
    const names = new Set(node.xattrs.map(({ name }) => name));
    if (this.#restoresLists(node)) {
      const remove = (name: string) => {
        if (!names.has(name)) this.#removeXattr("access lists", what, name);
      };
      if (node.acl === undefined) remove(ACL_XATTR.access);
      if (node.kind === "directory" && node.defaultAcl === undefined) remove(ACL_XATTR.default);
    }
    if (typeof what !== "number" || !this.#restored.xattrs || (node.features & FEATURES.xattrs) === 0n) {
      return;
    }
    for (const { name } of this.#system.attributes(what, FEATURES.xattrs)?.xattrs ?? []) {
      if (!names.has(name)) this.#removeXattr("extended attributes", what, name);
    }
  }

  #removeXattr(kind: string, what: Handle | DirectoryEntry, name: string): void {
    this.#try(kind, () => this.#system.removeXattr(what, name));
  }

  #setProject(what: Handle | DirectoryEntry, { projectId }: ArchiveNode): void {
    if (projectId === undefined || projectId === 0 || !this.#restored.projects) return;
    if (typeof what === "number") this.#try("quota projects", () => this.#system.setProject(what, projectId));
    else this.#lose("quota projects", "files and directories only");
  }

  #setTime(what: Handle | DirectoryEntry, mtime: bigint): void {
    if (!this.#try("times", () => this.#system.setTime(what, mtime))) return;
    if (!isHeldEverywhere(mtime) && !isKept(mtime, this.#system.stat(what)?.mtime ?? mtime)) {
      this.#lose("times", "the file system holds no such times");
    } else if (mtime % this.#system.timeGranularity !== 0n) {
      this.#lose("nanoseconds of times", "not supported here");
    }
  }
}
