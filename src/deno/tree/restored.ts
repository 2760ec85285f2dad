/** What of an archive is restored: the features that were asked for, without what other options forbid. */
import type { ArchiveNode, NodeKind } from "../../formats/archive/archive_elements.ts";
import { FEATURES, hasModes, hasOwners, hasTimes, widenFeatures } from "../../formats/archive/features.ts";
import { Glob } from "../../formats/archive/glob.ts";

/** What is restored. */
export interface AttributeOptions {
  /** Owners, and what gives privileges that are meant for these owners. */
  readonly sameOwner: boolean;
  /**
   * Modes, access lists and capabilities; with `false` new files get what the umask leaves, and devices are for their owner
   * alone. Setuid and setgid of files are restored for root, for others only when `true` is given.
   */
  readonly samePermissions: boolean | undefined;
  /** When files were changed. */
  readonly time: boolean;
  /** Which of `FEATURES` are restored, as far as the archive has them. */
  readonly features: bigint;
  /**
   * Names of extended attributes, or patterns with `*` and `?`, that are restored besides those in `user.` and `trusted.`:
   * they may grant or deny access on the system that they come to.
   */
  readonly xattrsInclude: readonly string[];
}

const FEATURE_OF: Readonly<Record<NodeKind, bigint | undefined>> = {
  directory: undefined,
  file: undefined,
  symlink: FEATURES.symlinks,
  fifo: FEATURES.fifos,
  socket: FEATURES.sockets,
  block: FEATURES["device-nodes"],
  char: FEATURES["device-nodes"],
};

/** The options, as they are asked for each node. */
export class Restored {
  /** With all that say the same, see `widenFeatures`. */
  readonly features: bigint;
  readonly owners: boolean;
  /** Owners by name where they have one. */
  readonly names: boolean;
  readonly modes: boolean;
  /** Setuid and setgid for others than root, too. */
  readonly setIds: boolean;
  readonly acls: boolean;
  readonly capabilities: boolean;
  readonly labels: boolean;
  readonly xattrs: boolean;
  readonly projects: boolean;
  readonly times: boolean;
  readonly #permissions: boolean;
  readonly #readOnly: boolean;
  readonly #named: readonly Glob[];

  constructor({ sameOwner, samePermissions, time, features, xattrsInclude }: AttributeOptions) {
    const wide = widenFeatures(features);
    const has = (feature: bigint) => (wide & feature) !== 0n;
    this.features = wide;
    this.names = has(FEATURES["user-names"]);
    this.owners = sameOwner && (hasOwners(wide) || this.names);
    this.#permissions = samePermissions !== false;
    this.modes = this.#permissions && has(FEATURES.permissions);
    this.setIds = samePermissions === true;
    this.acls = this.#permissions && has(FEATURES.acl);
    this.capabilities = this.#permissions && has(FEATURES.fcaps);
    this.labels = has(FEATURES.selinux);
    this.xattrs = has(FEATURES.xattrs);
    this.projects = has(FEATURES["quota-projid"]);
    this.times = time && hasTimes(wide);
    this.#readOnly = has(FEATURES["read-only"]);
    this.#named = xattrsInclude.map((pattern) => new Glob(pattern));
  }

  /** Whether nodes of this kind are made. */
  kind(kind: NodeKind): boolean {
    const feature = FEATURE_OF[kind];
    return feature === undefined || (this.features & feature) !== 0n;
  }

  /** Whether an attribute is restored that has its meaning by its name alone. */
  xattr(name: string): boolean {
    if (!this.xattrs) return false;
    return name.startsWith("user.") || name.startsWith("trusted.") ||
      this.#named.some((pattern) => pattern.matches(name));
  }

  /** The mode of a node that does not get its own, before the umask. */
  plainMode({ kind, mode, features }: ArchiveNode): number {
    if (kind === "block" || kind === "char") return 0o600;
    // An archive without permissions may say what is read-only; else it is as desync has it.
    if (!hasModes(features) && this.#readOnly) return mode & 0o777;
    const usual = kind === "directory" ? 0o777 : 0o666;
    return this.#permissions && this.#readOnly && (mode & 0o222) === 0 ? usual & ~0o222 : usual;
  }
}
