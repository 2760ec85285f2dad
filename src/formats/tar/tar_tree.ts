/**
 * The tree that a tar's members make, whatever their order: with paths cleaned, missing directories made up, hard links
 * followed, and later members in place of earlier ones.
 *
 * Kept is what tars say about members, never their bytes: only where those are.
 */
import { DesyncError } from "../../core/errors.ts";
import { type ArchiveNode, MAX_DEPTH, MAX_NAME_BYTES } from "../archive/archive_elements.ts";
import { escapeName } from "../archive/node_text.ts";
import { invalidTar, type SparsePart, type TarMember } from "./tar_member.ts";

/** What several names may share: a member, and where its bytes are. */
interface Inode {
  readonly member: TarMember;
  readonly place: number;
}

/** A name in the tree. Children are by their names, a byte a character. */
interface Name {
  inode: Inode;
  children?: Map<string, Name>;
  /** No member describes it. */
  madeUp?: boolean;
}

/** A file's bytes in the tar. */
export interface TarContent {
  /** Place of the first stored byte. */
  readonly place: number;
  readonly size: number;
  /** When not all is stored. */
  readonly sparse?: readonly SparsePart[];
}

/** Something on the way through the tree. A directory's children come between it and its end. */
type TarStep =
  | { readonly type: "node"; readonly node: ArchiveNode; readonly content?: TarContent }
  | { readonly type: "end" };

const MADE_UP: Inode = {
  member: {
    path: new Uint8Array(0),
    kind: "directory",
    mode: 0o755,
    uid: 0,
    gid: 0,
    size: 0,
    storedSize: 0,
    mtime: 0n,
    xattrs: [],
  },
  place: 0,
};

/** Collects members. */
export class TarTree {
  /** Hard links, which become files of their own. */
  hardLinks = 0;
  readonly #root: Name = { inode: MADE_UP, children: new Map(), madeUp: true };

  /** Adds a member, whose bytes are at `place`. Throws `invalid-archive` when it has no right place in a tree. */
  add(member: TarMember, place: number): void {
    const names = splitPath(member.path, member.path);
    const name = names.pop();
    if (name === undefined) {
      if (member.kind !== "directory") throw invalidMember(member.path, "is the root and no directory");
      this.#root.inode = { member, place };
      this.#root.madeUp = false;
      return;
    }
    const siblings = this.#directory(names, member.path);
    if (member.kind === "link") return this.#addLink(siblings, name, member);
    const inode = { member, place };
    const before = siblings.get(name);
    if (member.kind !== "directory") siblings.set(name, { inode });
    else if (before?.children === undefined) siblings.set(name, { inode, children: new Map() });
    else {
      before.inode = inode;
      before.madeUp = false;
    }
  }

  /**
   * The whole tree, children in byte order of their names. The root is the member `.`; without one it is the only
   * directory or file at the top, as desync has it, or with `addRoot` a directory that is made up. Throws `usage` when
   * there is none of these.
   */
  *steps(addRoot: boolean): Generator<TarStep> {
    yield* walk("", this.#rootOf(addRoot));
  }

  #rootOf(addRoot: boolean): Name {
    if (addRoot || !this.#root.madeUp) return this.#root;
    const [only, ...more] = this.#root.children!.values();
    if (only === undefined) throw invalidTar("it has no members");
    if (more.length === 0 && !only.madeUp) return only;
    throw new DesyncError("usage", {
      reason: "it has no member for its root (./)",
      hint: "--tar-add-root adds one",
    });
  }

  /** The children of the directory of these names, made up where it is missing. */
  #directory(names: readonly string[], path: Uint8Array): Map<string, Name> {
    let at = this.#root;
    for (const name of names) {
      let next = at.children!.get(name);
      if (next === undefined) {
        next = { inode: MADE_UP, children: new Map(), madeUp: true };
        at.children!.set(name, next);
      }
      if (next.children === undefined) {
        throw invalidMember(path, "is inside something that is not a directory");
      }
      at = next;
    }
    return at.children!;
  }

  #addLink(siblings: Map<string, Name>, name: string, { path, target }: TarMember): void {
    let at: Name | undefined = this.#root;
    for (const part of splitPath(target!, path)) at = at?.children?.get(part);
    if (at === undefined) {
      throw invalidMember(
        path,
        `is a hard link to ${escapeName(target!)}, which is not in the tar before it`,
      );
    }
    if (at.children !== undefined) throw invalidMember(path, "is a hard link to a directory");
    if (siblings.get(name) === at) return;
    siblings.set(name, { inode: at.inode });
    this.hardLinks++;
  }
}

function* walk(name: string, at: Name): Generator<TarStep> {
  const { member, place } = at.inode;
  const { size, sparse } = member;
  yield {
    type: "node",
    node: nodeOf(name, member),
    content: member.kind === "file" ? { place, size, sparse } : undefined,
  };
  if (at.children !== undefined) {
    // Characters are bytes, so their order is that of the bytes.
    const names = [...at.children.keys()].sort((a, b) => a < b ? -1 : 1);
    for (const child of names) yield* walk(child, at.children.get(child)!);
  }
  yield { type: "end" };
}

function nodeOf(name: string, member: TarMember): ArchiveNode {
  if (member.kind === "link") throw new Error("a hard link was not followed");
  return {
    name: Uint8Array.from(name, (character) => character.charCodeAt(0)),
    kind: member.kind,
    mode: member.mode,
    features: 0n,
    flags: 0n,
    uid: member.uid,
    gid: member.gid,
    mtime: member.mtime,
    user: member.user,
    group: member.group,
    xattrs: member.xattrs,
    acl: member.acl,
    defaultAcl: member.defaultAcl,
    fcaps: member.fcaps,
    selinux: member.selinux,
    size: member.size,
    target: member.target,
    device: member.device,
  };
}

/** The names that a path leads through, a byte a character: without `/` at its ends, doubled ones, and `.`. */
function splitPath(path: Uint8Array, member: Uint8Array): string[] {
  const names: string[] = [];
  let start = 0;
  for (let at = 0; at <= path.length; at++) {
    if (at < path.length && path[at] !== 0x2f) continue;
    const bytes = path.subarray(start, at);
    start = at + 1;
    if (bytes.length === 0 || (bytes.length === 1 && bytes[0] === 0x2e)) continue;
    if (bytes.length === 2 && bytes[0] === 0x2e && bytes[1] === 0x2e) {
      throw invalidMember(member, "leads elsewhere (..)");
    }
    if (bytes.length > MAX_NAME_BYTES) throw invalidMember(member, `has a name of ${bytes.length} bytes`);
    names.push(String.fromCharCode(...bytes));
    if (names.length >= MAX_DEPTH) throw invalidMember(member, `is more than ${MAX_DEPTH} directories deep`);
  }
  return names;
}

const SHOWN_BYTES = 200;

function invalidMember(path: Uint8Array, reason: string): DesyncError {
  const more = path.length > SHOWN_BYTES ? "…" : "";
  return invalidTar(`its member ${escapeName(path.subarray(0, SHOWN_BYTES))}${more} ${reason}`);
}
