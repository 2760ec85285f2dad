/** Gives a file or folder that was unpacked the owner, mode, time and whatever else its archive tells of it. */
import { nameBytes } from "../bytes.ts";
import { ACL_XATTR, encodeAcl, encodeDefaultAcl, withoutExtraNul } from "../formats/acl.ts";
import type { ArchiveNode } from "../formats/archive_elements.ts";
import { FAT_FLAGS, hasModes, hasOwners, hasTimes, SUBVOLUME_FLAGS } from "../formats/features.ts";
import type { Accounts } from "./accounts.ts";
import { chattrFlags } from "./chattr.ts";
import { reasonOf } from "./file_errors.ts";
import { isHeldEverywhere, isKept } from "./kept_time.ts";
import type { Losses } from "./losses.ts";
import { ownIds, umask } from "./permitted.ts";
import { codeOf, type Handle, type Place, type TreeSystem } from "./tree_system.ts";

/** What is restored. */
export interface AttributeOptions {
  /** Owners, and what gives privileges that are meant for these owners. */
  readonly sameOwner: boolean;
  /** Modes and access lists; otherwise new files get what the umask leaves. */
  readonly samePermissions: boolean;
  /** When files were changed. */
  readonly time: boolean;
}

const SET_ID_BITS = 0o6000;
const CAPABILITIES = "security.capability";
/** Has to be set before a file has any bytes. */
const FS_NOCOW_FL = 0x800000;

/** Sets attributes, and counts those that cannot be had here. */
export class NodeAttributes {
  readonly #system: TreeSystem;
  readonly #options: AttributeOptions;
  readonly #losses: Losses;
  readonly #accounts: Accounts;
  /** Where it is not known, nobody but the owner gets anything. */
  readonly #umask = umask() ?? 0o077;
  readonly #self = ownIds();
  /** How the node that is being worked on is called in messages. */
  #path: () => string = () => "";

  constructor(system: TreeSystem, options: AttributeOptions, losses: Losses, accounts: Accounts) {
    this.#accounts = accounts;
    this.#system = system;
    this.#options = options;
    this.#losses = losses;
  }

  /** What has to be set while a file is empty. */
  applyEarly(file: Handle, node: ArchiveNode, path: () => string): void {
    this.#path = path;
    const nocow = chattrFlags(node.flags) & FS_NOCOW_FL;
    if (nocow !== 0) this.#try("chattr flags", () => this.#system.addFlags(file, nocow));
  }

  /** Everything but what forbids further changes. */
  apply(what: Handle | Place, node: ArchiveNode, path: () => string): void {
    this.#path = path;
    const { samePermissions, time } = this.#options;
    const privileged = this.#setOwner(what, node);
    // Nobody but root gives attributes to what is read-only.
    for (const { name, value } of node.xattrs) {
      if (!goesWithMode(name)) this.#setXattr("extended attributes", what, name, value);
    }
    // A change of owner takes capabilities and setuid away, a change of mode rewrites the access list's mask.
    if (node.kind !== "symlink") this.#setMode(what, node, privileged);
    for (const { name, value } of node.xattrs) {
      if (name === CAPABILITIES) this.#setCapabilities(what, withoutExtraNul(name, value), privileged);
      else if (samePermissions && goesWithMode(name)) {
        this.#setXattr("extended attributes", what, name, withoutExtraNul(name, value));
      }
    }
    if (samePermissions) this.#setAcls(what, node);
    if (node.fcaps !== undefined) this.#setCapabilities(what, node.fcaps, privileged);
    if (node.selinux !== undefined) {
      this.#setXattr(
        "SELinux labels",
        what,
        "security.selinux",
        nameBytes(`${node.selinux}\0`),
      );
    }
    this.#setProject(what, node);
    if (time && hasTimes(node.features)) this.#setTime(what, node.mtime);
  }

  /** What may forbid further changes, such as immutable: after the node has its name and its children. */
  applyLate(handle: Handle, node: ArchiveNode, path: () => string): void {
    this.#path = path;
    if ((node.flags & FAT_FLAGS) !== 0n) this.#lose("FAT flags", "not supported here");
    if ((node.flags & SUBVOLUME_FLAGS) !== 0n) this.#lose("btrfs subvolumes", "made as a folder");
    const flags = chattrFlags(node.flags) & ~FS_NOCOW_FL;
    if (flags !== 0) this.#try("chattr flags", () => this.#system.addFlags(handle, flags));
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
      const code = codeOf(error);
      if (code === "ENOSPC" || code === "EIO") throw error;
      this.#lose(what, reasonOf(error));
      return false;
    }
  }

  /** Whether privileges may be given: the node belongs to whom the archive says. */
  #setOwner(what: Handle | Place, node: ArchiveNode): boolean {
    if (!hasOwners(node.features)) return false;
    const uid = this.#accounts.idOf("user", node.user, node.uid);
    const gid = this.#accounts.idOf("group", node.group, node.gid);
    if (!this.#options.sameOwner) return uid === this.#self?.uid && gid === this.#self.gid;
    return this.#try("owners", () => this.#system.setOwner(what, uid, gid));
  }

  #setMode(what: Handle | Place, node: ArchiveNode, privileged: boolean): void {
    const full = this.#options.samePermissions && hasModes(node.features);
    let mode = full ? node.mode : modeWithoutPermissions(node) & ~this.#umask;
    if (full && !privileged && (mode & SET_ID_BITS) !== 0 && node.kind !== "directory") {
      this.#lose("setuid and setgid", "the owner is another");
      mode &= ~SET_ID_BITS;
    }
    this.#try("modes", () => this.#system.setMode(what, mode));
  }

  #setXattr(kind: string, what: Handle | Place, name: string, value: Uint8Array): void {
    this.#try(kind, () => this.#system.setXattr(what, name, value));
  }

  #setCapabilities(what: Handle | Place, value: Uint8Array, privileged: boolean): void {
    if (privileged) this.#setXattr("file capabilities", what, CAPABILITIES, value);
    else this.#lose("file capabilities", "the owner is another");
  }

  #setAcls(what: Handle | Place, { acl, defaultAcl, mode }: ArchiveNode): void {
    const resolve = (kind: "user" | "group", entry: { id: number; name: string }) =>
      this.#accounts.idOf(kind, entry.name, entry.id);
    if (acl !== undefined) {
      this.#setXattr("access lists", what, ACL_XATTR.access, encodeAcl(acl, mode, resolve));
    }
    if (defaultAcl !== undefined) {
      this.#setXattr("access lists", what, ACL_XATTR.default, encodeDefaultAcl(defaultAcl, resolve));
    }
  }

  #setProject(what: Handle | Place, { projectId }: ArchiveNode): void {
    if (projectId === undefined || projectId === 0) return;
    if (typeof what === "number") this.#try("quota projects", () => this.#system.setProject(what, projectId));
    else this.#lose("quota projects", "files and folders only");
  }

  #setTime(what: Handle | Place, mtime: bigint): void {
    if (!this.#try("times", () => this.#system.setTime(what, mtime))) return;
    if (!isHeldEverywhere(mtime) && !isKept(mtime, this.#system.look(what)?.mtime ?? mtime)) {
      this.#lose("times", "the file system holds no such times");
    } else if (mtime % this.#system.timeGranularity !== 0n) {
      this.#lose("nanoseconds of times", "not supported here");
    }
  }
}

/** Whether an attribute is about who may do what: it has its meaning together with the mode. */
function goesWithMode(name: string): boolean {
  return name === CAPABILITIES || name === ACL_XATTR.access || name === ACL_XATTR.default;
}

/** Before the umask. An archive without permissions may tell what is read-only; else it is as desync has it. */
function modeWithoutPermissions({ kind, mode, features }: ArchiveNode): number {
  if (!hasModes(features)) return mode & 0o777;
  return kind === "directory" ? 0o777 : 0o666;
}
