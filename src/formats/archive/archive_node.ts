/** Puts together what an archive's elements say about one node, believing none of it before it is checked. */
import { nameText, readU64, viewOf } from "../../core/bytes.ts";
import { DesyncError } from "../../core/errors.ts";
import { quotedText } from "../../core/foreign_text.ts";
import {
  type AclEntry,
  type ArchiveNode,
  type DefaultAcl,
  ELEMENT,
  ELEMENT_HEADER_BYTES,
  type ElementName,
  ENTRY_BYTES,
  KINDS,
  MAX_ID,
  MAX_METADATA_BYTES,
  MAX_NAME_BYTES,
  MAX_TARGET_BYTES,
  MAX_XATTR_VALUE_BYTES,
  NO_MASK,
  type NodeKind,
  type Xattr,
} from "./archive_elements.ts";
import { decodeTime } from "./archive_time.ts";
import { INDEX_TYPE } from "../index/index.ts";

const MAX_ACL_BYTES = 16 + MAX_NAME_BYTES + 1;
const HEADER = ELEMENT_HEADER_BYTES;

/** Least and most bytes of elements that are read as a whole, headers included. */
const SIZES: Readonly<Partial<Record<ElementName, readonly [least: number, most: number]>>> = {
  entry: [ENTRY_BYTES, ENTRY_BYTES],
  user: [HEADER + 2, HEADER + MAX_NAME_BYTES + 1],
  group: [HEADER + 2, HEADER + MAX_NAME_BYTES + 1],
  // One byte more than the value may have: desync 1.0.4 ends it with a NUL.
  xattr: [HEADER + 2, HEADER + MAX_NAME_BYTES + 1 + MAX_XATTR_VALUE_BYTES + 1],
  aclUser: [HEADER + 16, HEADER + MAX_ACL_BYTES],
  aclGroup: [HEADER + 16, HEADER + MAX_ACL_BYTES],
  aclGroupObj: [HEADER + 8, HEADER + 8],
  aclDefault: [HEADER + 32, HEADER + 32],
  aclDefaultUser: [HEADER + 16, HEADER + MAX_ACL_BYTES],
  aclDefaultGroup: [HEADER + 16, HEADER + MAX_ACL_BYTES],
  fcaps: [HEADER + 12, HEADER + 64],
  selinux: [HEADER + 2, HEADER + 4096 + 1],
  quotaProjectId: [HEADER + 8, HEADER + 8],
  symlink: [HEADER + 2, HEADER + MAX_TARGET_BYTES + 1],
  device: [HEADER + 16, HEADER + 16],
  filename: [HEADER + 2, HEADER + MAX_NAME_BYTES + 1],
};

/** Elements in the order in which they have to come, and whether they may come several times. */
const ORDER = new Map<ElementName, { place: number; repeats: boolean }>(
  ([
    ["user", false],
    ["group", false],
    ["xattr", true],
    ["aclUser", true],
    ["aclGroup", true],
    ["aclGroupObj", false],
    ["aclDefault", false],
    ["aclDefaultUser", true],
    ["aclDefaultGroup", true],
    ["selinux", false],
    ["fcaps", false],
    ["quotaProjectId", false],
  ] as const).map(([name, repeats], place) => [name, { place, repeats }]),
);

const NAMES: ReadonlyMap<bigint, ElementName> = new Map(
  (Object.keys(ELEMENT) as ElementName[]).map((name) => [ELEMENT[name], name]),
);

/** An error that says where the archive is wrong. */
export function invalidArchive(reason: string, hint?: string): DesyncError {
  return new DesyncError("invalid-archive", { reason: `not a valid archive: ${reason}`, hint });
}

/** What an element of this type is called. Throws `invalid-archive` when there is none. */
export function elementName(type: bigint, offset: number): ElementName {
  const name = NAMES.get(type);
  if (name !== undefined) return name;
  // An index is easily given in an archive's place.
  if (type === INDEX_TYPE && offset === 0) {
    throw invalidArchive("it is an index", "give -i to read what it describes");
  }
  throw invalidArchive(`at byte ${offset} there is an element of unknown type 0x${type.toString(16)}`);
}

/** Throws `invalid-archive` when an element cannot have so many bytes. */
export function checkElementSize(name: ElementName, size: number, offset: number): void {
  const [least, most] = SIZES[name] ?? [HEADER, Number.MAX_SAFE_INTEGER];
  if (size < least || size > most) {
    throw invalidArchive(`at byte ${offset} there is an element of ${size} bytes (${name})`);
  }
}

/** How many first bytes of an archive hold its feature flags. */
const FEATURES_END = ELEMENT_HEADER_BYTES + 8;

/** The feature flags of the archive that begins with these bytes, `undefined` when they begin something else. */
export function featuresAtStart(bytes: Uint8Array): bigint | undefined {
  const view = viewOf(bytes);
  const isEntry = view.byteLength >= FEATURES_END && view.getBigUint64(0, true) === BigInt(ENTRY_BYTES) &&
    view.getBigUint64(8, true) === ELEMENT.entry;
  return isEntry ? view.getBigUint64(HEADER, true) : undefined;
}

/** The name in a FILENAME's content. Throws `invalid-archive` when it could lead elsewhere. */
export function parseFilename(body: Uint8Array): Uint8Array {
  const name = terminated(body, "a name").slice();
  if (name.includes(0x2f)) throw invalidArchive("a name has a / in it");
  const dots = name.length <= 2 && name.every((byte) => byte === 0x2e);
  if (dots) throw invalidArchive(`a name is ${".".repeat(name.length)}`);
  return name;
}

/** Collects the elements of one node. */
export class NodeBuilder {
  readonly kind: NodeKind;
  readonly features: bigint;
  readonly #name: Uint8Array;
  readonly #mode: number;
  readonly #flags: bigint;
  readonly #uid: number;
  readonly #gid: number;
  readonly #mtime: bigint;
  #user: string | undefined;
  #group: string | undefined;
  readonly #xattrs: Xattr[] = [];
  readonly #xattrNames = new Set<string>();
  readonly #acls = new Map<ElementName, AclEntry[]>();
  #groupObj: number | undefined;
  #default: Pick<DefaultAcl, "owner" | "groupObj" | "others" | "mask"> | undefined;
  #fcaps: Uint8Array | undefined;
  #selinux: string | undefined;
  #projectId: number | undefined;
  #bytes = 0;
  #place = -1;

  /** Begins with the content of an ENTRY. */
  constructor(name: Uint8Array, body: Uint8Array) {
    const view = viewOf(body);
    const mode = readU64(view, 8) ?? Infinity;
    const kind = KINDS.get(mode - mode % 0o10000);
    if (kind === undefined) throw invalidArchive("a node is of no known kind");
    this.kind = kind;
    this.features = view.getBigUint64(0, true);
    this.#name = name;
    this.#mode = mode % 0o10000;
    this.#flags = view.getBigUint64(16, true);
    this.#uid = readId(view, 24);
    this.#gid = readId(view, 32);
    this.#mtime = decodeTime(view.getBigUint64(40, true), this.features);
  }

  /** Adds the content of an element that comes before the node's own content. */
  add(element: ElementName, body: Uint8Array): void {
    const order = ORDER.get(element);
    if (order === undefined || order.place < this.#place + (order.repeats ? 0 : 1)) {
      throw invalidArchive(`an element comes where none of its type can be (${element})`);
    }
    this.#place = order.place;
    this.#bytes += body.length;
    if (this.#bytes > MAX_METADATA_BYTES) {
      throw invalidArchive(`a node has more than ${MAX_METADATA_BYTES} bytes of attributes`);
    }
    this.#take(element, body);
  }

  #take(element: ElementName, body: Uint8Array): void {
    switch (element) {
      case "user":
        this.#user = nameText(terminated(body, "a user"));
        return;
      case "group":
        this.#group = nameText(terminated(body, "a group"));
        return;
      case "xattr":
        return this.#addXattr(body);
      case "aclGroupObj":
        this.#groupObj = readPermissions(viewOf(body), 0);
        return;
      case "aclDefault":
        return this.#setDefault(viewOf(body));
      case "fcaps":
        this.#fcaps = body.slice();
        return;
      case "selinux":
        this.#selinux = nameText(terminated(body, "a label"));
        return;
      case "quotaProjectId":
        this.#projectId = readId(viewOf(body), 0);
        return;
      default:
        return this.#addAcl(element, body);
    }
  }

  #addXattr(body: Uint8Array): void {
    const end = body.indexOf(0);
    if (end < 1 || end > MAX_NAME_BYTES) throw invalidArchive("an extended attribute has no right name");
    const name = nameText(body.subarray(0, end));
    if (this.#xattrNames.has(name)) {
      throw invalidArchive(`a node has the attribute ${quotedText(name)} twice`);
    }
    this.#xattrNames.add(name);
    this.#xattrs.push({ name, value: body.slice(end + 1) });
  }

  #setDefault(view: DataView): void {
    const [owner, groupObj, others] = [0, 8, 16].map((at) => readPermissions(view, at));
    const mask = view.getBigUint64(24, true) === NO_MASK ? undefined : readPermissions(view, 24);
    this.#default = { owner, groupObj, others, mask };
  }

  #addAcl(element: ElementName, body: Uint8Array): void {
    const view = viewOf(body);
    const name = body.length === 16
      ? ""
      : nameText(terminated(body.subarray(16), "a name in an access list"));
    const entry = { id: readId(view, 0), name, permissions: readPermissions(view, 8) };
    const list = this.#acls.get(element);
    if (list === undefined) this.#acls.set(element, [entry]);
    else list.push(entry);
  }

  /** The node, with what its content says. Throws `invalid-archive` when its elements do not go together. */
  finish(content: Pick<ArchiveNode, "size"> & Partial<Pick<ArchiveNode, "target" | "device">>): ArchiveNode {
    const list = (element: ElementName) => this.#acls.get(element) ?? [];
    const [users, groups] = [list("aclUser"), list("aclGroup")];
    const hasAcl = users.length > 0 || groups.length > 0 || this.#groupObj !== undefined;
    const [defaultUsers, defaultGroups] = [list("aclDefaultUser"), list("aclDefaultGroup")];
    if (this.#default === undefined && (defaultUsers.length > 0 || defaultGroups.length > 0)) {
      throw invalidArchive("a default access list has no beginning");
    }
    return {
      name: this.#name,
      kind: this.kind,
      mode: this.#mode,
      features: this.features,
      flags: this.#flags,
      uid: this.#uid,
      gid: this.#gid,
      mtime: this.#mtime,
      user: this.#user,
      group: this.#group,
      xattrs: this.#xattrs,
      acl: hasAcl ? { users, groups, groupObj: this.#groupObj } : undefined,
      defaultAcl: this.#default && { ...this.#default, users: defaultUsers, groups: defaultGroups },
      fcaps: this.#fcaps,
      selinux: this.#selinux,
      projectId: this.#projectId,
      ...content,
    };
  }
}

/** A symlink's target. Throws `invalid-archive` when it is none. */
export function parseTarget(body: Uint8Array): Uint8Array {
  return terminated(body, "a symlink's target").slice();
}

/** A device's numbers. Throws `invalid-archive` when no system has such. */
export function parseDevice(body: Uint8Array): { major: number; minor: number } {
  const view = viewOf(body);
  const [major, minor] = [readU64(view, 0), readU64(view, 8)];
  if (major === undefined || minor === undefined || major > 0xffffffff || minor > 0xffffffff) {
    throw invalidArchive("a device's numbers are out of range");
  }
  return { major, minor };
}

/** The bytes before the NUL that has to be the last byte and the only NUL. */
function terminated(body: Uint8Array, what: string): Uint8Array {
  const end = body.length - 1;
  if (end < 1 || body.indexOf(0) !== end) throw invalidArchive(`${what} does not end where it should`);
  return body.subarray(0, end);
}

function readId(view: DataView, at: number): number {
  const id = readU64(view, at);
  if (id === undefined || id > MAX_ID) throw invalidArchive("an owner's number is out of range");
  return id;
}

function readPermissions(view: DataView, at: number): number {
  const permissions = readU64(view, at);
  if (permissions === undefined || permissions > 7) {
    throw invalidArchive("permissions in an access list are out of range");
  }
  return permissions;
}
