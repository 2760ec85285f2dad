/**
 * Writes archives (.catar): nodes in the archive's order become bytes, casync's for the same features.
 *
 * The format is described in archive_elements.ts and goodbye.ts. Of a directory, the table of its children is kept until its
 * end; files' bytes are passed on as they come.
 */
import { compareBytes, nameBytes } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import type { ArchiveEvent } from "./archive.ts";
import {
  type AclEntry,
  type ArchiveNode,
  type DefaultAcl,
  ELEMENT,
  ELEMENT_HEADER_BYTES,
  ENTRY_BYTES,
  MAX_NAME_BYTES,
  MODE_FORMATS,
  NO_MASK,
  type NodeKind,
} from "./archive_elements.ts";
import { encodeTime } from "./archive_time.ts";
import { ByteWriter } from "../byte_writer.ts";
import {
  CHATTR_FLAGS,
  FAT_FLAGS,
  type FeatureName,
  FEATURES,
  hasNamesAlone,
  hasOwners,
  normalizeFeatures,
  SUBVOLUME_FLAGS,
} from "./features.ts";
import { buildGoodbye, type GoodbyeItem, nameHash } from "./goodbye.ts";
import { escapeName } from "./node_text.ts";

const MAX_UID16 = 0xffff;

/** Features without which nodes of a kind are left out. */
const NEEDED: Readonly<Partial<Record<NodeKind, bigint>>> = {
  symlink: FEATURES.symlinks,
  block: FEATURES["device-nodes"],
  char: FEATURES["device-nodes"],
  fifo: FEATURES.fifos,
  socket: FEATURES.sockets,
};

/** A directory that is being written. */
interface OpenDirectory {
  /** Place of its ENTRY. */
  readonly entryAt: number;
  /** Its children so far: place of FILENAME, size, hash. */
  readonly children: { readonly start: number; size: number; readonly hash: bigint }[];
  previous: Uint8Array | undefined;
}

const NUL = Uint8Array.of(0);
const NO_BYTES = new Uint8Array(0);

/**
 * Makes the bytes of one archive out of events, as a decoder gives them.
 *
 * @example Write what was read, with less in it
 * ```ts
 * import { ArchiveDecoder, ArchiveEncoder, featuresOf } from "@desync/desync";
 *
 * const decoder = new ArchiveDecoder();
 * decoder.push(await Deno.readFile("testdata/tree.catar"));
 * const pieces: Uint8Array<ArrayBuffer>[] = [];
 * const encoder = new ArchiveEncoder(featuresOf("sec-time"), (piece) => pieces.push(piece));
 * for (let event = decoder.next(); event !== null; event = decoder.next()) encoder.visit(event);
 * encoder.finish();
 * if (new Blob(pieces).size !== encoder.size) throw new Error("a piece is missing");
 * ```
 */
export class ArchiveEncoder {
  /** What is recorded: the fewest flags that say so. */
  readonly features: bigint;
  readonly #writer: ByteWriter;
  readonly #names = new Map<string, Uint8Array>();
  readonly #directories: OpenDirectory[] = [];
  /** Bytes of the file that have not come yet; `undefined` outside of files. */
  #left: number | undefined;
  /** The node that was left out, until its end. */
  #skipping = false;
  /** The symlink, pipe … whose end comes next. */
  #leaf = false;
  #done = false;

  /** `emit` gets the bytes in pieces, which belong to it. */
  constructor(features: bigint, emit: (piece: Uint8Array<ArrayBuffer>) => void) {
    this.features = normalizeFeatures(features);
    this.#writer = new ByteWriter(emit);
  }

  /** Bytes of the archive so far. */
  get size(): number {
    return this.#writer.offset;
  }

  /** Whether nodes of this kind are recorded; others are left out. */
  records(kind: NodeKind): boolean {
    const needed = NEEDED[kind];
    return needed === undefined || (this.features & needed) !== 0n;
  }

  /**
   * Writes what the event says. Throws `usage` for events that come in an order in which they make no archive, and
   * `unsupported` for what the features cannot record.
   */
  visit(event: ArchiveEvent): void {
    if (event.type === "node") this.#begin(event.node);
    else if (event.type === "data") this.#data(event.bytes);
    else if (event.type === "end") this.#end();
  }

  /** To be called after the last event: passes on what is left. Throws `usage` when the archive is not complete. */
  finish(): void {
    if (!this.#done) throw misplaced("the end of an archive that is not complete");
    this.#writer.flush();
  }

  #begin(node: ArchiveNode): void {
    if (this.#done || this.#left !== undefined || this.#leaf || this.#skipping) throw misplaced("a node");
    const directory = this.#directories.at(-1);
    if (directory === undefined && this.size > 0) throw misplaced("a node");
    if (!this.records(node.kind)) {
      if (directory === undefined) throw unsupported(node, "an archive of nothing else cannot leave it out");
      this.#skipping = true;
      return;
    }
    // Nothing would show a reader that it has ended.
    if (directory === undefined && (node.kind === "fifo" || node.kind === "socket")) {
      throw unsupported(node, "no archive can be of it alone");
    }
    if (directory !== undefined) this.#writeFilename(directory, node.name);
    const entryAt = this.#writer.offset;
    this.#writeEntry(node);
    this.#writeAttributes(node);
    if (node.kind === "directory") {
      this.#directories.push({ entryAt, children: [], previous: undefined });
    } else if (node.kind === "file") {
      this.#left = node.size;
      this.#writer.u64(ELEMENT_HEADER_BYTES + node.size, ELEMENT.payload);
    } else {
      this.#leaf = true;
      if (node.kind === "symlink") this.#text(ELEMENT.symlink, required(node, node.target));
      else if (node.kind === "block" || node.kind === "char") {
        const { major, minor } = required(node, node.device);
        this.#writer.u64(ELEMENT_HEADER_BYTES + 16, ELEMENT.device, major, minor);
      }
    }
  }

  #data(bytes: Uint8Array): void {
    if (this.#skipping) return;
    if (this.#left === undefined || bytes.length > this.#left) throw misplaced("bytes of no file");
    this.#left -= bytes.length;
    this.#writer.bytes(bytes);
  }

  #end(): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (this.#leaf) this.#leaf = false;
    else if (this.#left !== undefined) {
      if (this.#left > 0) throw misplaced("the end of a file that is not complete");
      this.#left = undefined;
    } else this.#writeGoodbye();
    const child = this.#directories.at(-1)?.children.at(-1);
    if (child === undefined) this.#done = true;
    else child.size = this.size - child.start;
  }

  #writeFilename(directory: OpenDirectory, name: Uint8Array): void {
    if (name.length === 0 || name.length > MAX_NAME_BYTES) {
      throw new DesyncError("usage", {
        action: "write",
        subject: "an archive",
        reason: `it can hold no name of ${name.length} bytes`,
      });
    }
    if (directory.previous !== undefined && compareBytes(directory.previous, name) >= 0) {
      throw misplaced(`${escapeName(name)} behind ${escapeName(directory.previous)}`);
    }
    directory.previous = name;
    directory.children.push({ start: this.size, size: 0, hash: nameHash(name) });
    this.#text(ELEMENT.filename, name);
  }

  #writeEntry(node: ArchiveNode): void {
    const owners = hasOwners(this.features);
    const ids = [node.uid, node.gid, ...aclIds(node)];
    if ((this.features & FEATURES["16bit-uids"]) !== 0n && ids.some((id) => id > MAX_UID16)) {
      throw unsupported(node, "owners beyond 65535 need the feature 32bit-uids");
    }
    const mode = MODE_FORMATS[node.kind] | this.#modeOf(node);
    this.#writer.u64(
      ENTRY_BYTES,
      ELEMENT.entry,
      this.features,
      mode,
      this.#flagsOf(node),
      owners ? node.uid : 0,
      owners ? node.gid : 0,
      encodeTime(node.mtime, this.features),
    );
  }

  #modeOf({ kind, mode }: ArchiveNode): number {
    if (kind === "symlink") return 0o777;
    if ((this.features & (FEATURES.permissions | FEATURES.acl)) !== 0n) return mode;
    const readOnly = (this.features & FEATURES["read-only"]) !== 0n && (mode & 0o222) === 0;
    return (kind === "directory" ? 0o777 : 0o666) & (readOnly ? 0o555 : 0o777);
  }

  #flagsOf({ kind, flags }: ArchiveNode): bigint {
    if (flags === 0n || (kind !== "file" && kind !== "directory")) return 0n;
    const known = CHATTR_FLAGS | FAT_FLAGS | (kind === "directory" ? SUBVOLUME_FLAGS : 0n);
    return flags & known & this.features;
  }

  #writeAttributes(node: ArchiveNode): void {
    const has = (name: FeatureName) => (this.features & FEATURES[name]) !== 0n;
    if (has("user-names")) {
      const { user, group } = this.#ownersOf(node);
      if (user !== undefined) this.#text(ELEMENT.user, user);
      if (group !== undefined) this.#text(ELEMENT.group, group);
    }
    if (node.kind === "symlink") {
      if (has("selinux") && node.selinux !== undefined) this.#text(ELEMENT.selinux, this.#name(node.selinux));
      return;
    }
    if (has("xattrs")) this.#writeXattrs(node);
    if (has("acl")) this.#writeAcls(node);
    if (has("selinux") && node.selinux !== undefined) this.#text(ELEMENT.selinux, this.#name(node.selinux));
    if (has("fcaps") && node.fcaps !== undefined) {
      this.#writer.u64(ELEMENT_HEADER_BYTES + node.fcaps.length, ELEMENT.fcaps);
      this.#writer.bytes(node.fcaps);
    }
    if (has("quota-projid") && node.projectId) {
      this.#writer.u64(ELEMENT_HEADER_BYTES + 8, ELEMENT.quotaProjectId, node.projectId);
    }
  }

  /** root goes without saying; without numbers, the number is the name of those that have none. */
  #ownersOf({ uid, gid, user, group, features }: ArchiveNode): { user?: Uint8Array; group?: Uint8Array } {
    const nameOf = (id: number, name: string | undefined) => {
      if (id === 0 && !(name && hasNamesAlone(features))) return undefined;
      if (name) return this.#name(name);
      return hasOwners(this.features) ? undefined : this.#name(String(id));
    };
    return { user: nameOf(uid, user), group: nameOf(gid, group) };
  }

  /** Only those that have no meaning of their own: others have elements of their own, or belong to one system. */
  #writeXattrs({ xattrs }: ArchiveNode): void {
    if (xattrs.length === 0) return;
    const kept = xattrs.filter(({ name }) => /^(user|trusted)\../s.test(name))
      .map(({ name, value }) => ({ name: nameBytes(name), value }))
      .sort((a, b) => compareBytes(a.name, b.name));
    for (const { name, value } of kept) {
      if (name.length > MAX_NAME_BYTES) continue;
      this.#writer.u64(ELEMENT_HEADER_BYTES + name.length + 1 + value.length, ELEMENT.xattr);
      this.#writer.bytes(name);
      this.#writer.bytes(NUL);
      this.#writer.bytes(value);
    }
  }

  #writeAcls({ acl, defaultAcl, kind, features }: ArchiveNode): void {
    if (acl === undefined && defaultAcl === undefined) return;
    const byName = hasNamesAlone(features);
    if (acl !== undefined) {
      this.#writeAclEntries(ELEMENT.aclUser, acl.users, byName);
      this.#writeAclEntries(ELEMENT.aclGroup, acl.groups, byName);
      if (acl.groupObj !== undefined) {
        this.#writer.u64(ELEMENT_HEADER_BYTES + 8, ELEMENT.aclGroupObj, acl.groupObj);
      }
    }
    if (defaultAcl === undefined || kind !== "directory") return;
    const { owner, groupObj, others, mask } = defaultAcl;
    this.#writer.u64(
      ELEMENT_HEADER_BYTES + 32,
      ELEMENT.aclDefault,
      owner,
      groupObj,
      others,
      mask ?? NO_MASK,
    );
    this.#writeAclEntries(ELEMENT.aclDefaultUser, defaultAcl.users, byName);
    this.#writeAclEntries(ELEMENT.aclDefaultGroup, defaultAcl.groups, byName);
  }

  /** `byName`: the entries are from where number 0 is everyone's. */
  #writeAclEntries(type: bigint, entries: readonly AclEntry[], byName: boolean): void {
    if (entries.length === 0) return;
    const [numbers, names] = [hasOwners(this.features), (this.features & FEATURES["user-names"]) !== 0n];
    const rows = entries.map(({ id, name, permissions }) => {
      const known = id !== 0 || (byName && name !== "");
      const named = names && known ? name || (numbers ? "" : String(id)) : "";
      return { id: numbers ? id : 0, permissions, name: named === "" ? undefined : this.#name(named) };
    });
    rows.sort((a, b) =>
      a.id - b.id || compareBytes(a.name ?? NO_BYTES, b.name ?? NO_BYTES) || a.permissions - b.permissions
    );
    for (const { id, name, permissions } of rows) {
      const length = name === undefined ? 0 : name.length + 1;
      this.#writer.u64(ELEMENT_HEADER_BYTES + 16 + length, type, id, permissions);
      if (name === undefined) continue;
      this.#writer.bytes(name);
      this.#writer.bytes(NUL);
    }
  }

  #writeGoodbye(): void {
    const directory = this.#directories.pop();
    if (directory === undefined) throw misplaced("an end");
    const start = this.size;
    const items = directory.children.map((child): GoodbyeItem => ({
      offset: start - child.start,
      size: child.size,
      hash: child.hash,
    }));
    this.#writer.bytes(buildGoodbye(items, start - directory.entryAt));
  }

  /** An element of bytes and the NUL behind them. */
  #text(type: bigint, bytes: Uint8Array): void {
    this.#writer.u64(ELEMENT_HEADER_BYTES + bytes.length + 1, type);
    this.#writer.bytes(bytes);
    this.#writer.bytes(NUL);
  }

  /** The bytes of a name that comes again and again. */
  #name(text: string): Uint8Array {
    let bytes = this.#names.get(text);
    if (bytes === undefined) this.#names.set(text, bytes = nameBytes(text));
    return bytes;
  }
}

function aclIds({ acl, defaultAcl }: ArchiveNode): number[] {
  if (acl === undefined && defaultAcl === undefined) return [];
  const lists: (Pick<DefaultAcl, "users" | "groups"> | undefined)[] = [acl, defaultAcl];
  return lists.flatMap((list) =>
    list === undefined ? [] : [...list.users, ...list.groups].map(({ id }) => id)
  );
}

function required<T>(node: ArchiveNode, value: T | undefined): T {
  if (value === undefined) throw misplaced(`a ${node.kind} without all that makes one`);
  return value;
}

function misplaced(what: string): DesyncError {
  const reason = `${what} came where none can be`;
  return new DesyncError("usage", { action: "write", subject: "an archive", reason });
}

function unsupported({ name, kind }: ArchiveNode, reason: string): DesyncError {
  const subject = `${name.length === 0 ? "the archive's root" : escapeName(name)}, a ${kind}`;
  return new DesyncError("unsupported", { action: "write", subject, reason });
}
