/**
 * Access lists as tars have them: text, as acl(5) and getfacl(1) write it, in lines or with commas between.
 *
 *     user::rw-,user:lisa:rw-,group::r--,mask::rw-,other::r--
 *
 * Users and groups are names, or numbers where they have none; star adds the number as a fourth field.
 */
import { quotedText } from "../../core/foreign_text.ts";
import { type Acl, type AclEntry, type DefaultAcl, MAX_ID } from "../archive/archive_elements.ts";
import { invalidTar } from "./tar_member.ts";

/** The number of a user or group of this name. */
export type FindId = (kind: "user" | "group", name: string) => number;

/** An access list in full. */
interface FullAcl extends DefaultAcl {
  readonly others: number;
}

/** An access list, and the mask that the mode's group bits have to be, which bsdtar has the owning group's bits in. */
interface MaskedAcl {
  readonly acl: Acl;
  readonly mask?: number;
}

/** The access list of a node; `undefined` when it says no more than the mode does. */
export function parseAclText(text: string, findId: FindId): MaskedAcl | undefined {
  const { users, groups, groupObj, mask } = parse(text, findId);
  if (users.length + groups.length === 0 && mask === undefined) return undefined;
  return { acl: { users, groups, groupObj }, mask };
}

/** The access list for what is made in a directory; `undefined` when it is empty. */
export function parseDefaultAclText(text: string, findId: FindId): DefaultAcl | undefined {
  return text.trim() === "" ? undefined : parse(text, findId);
}

/** The access list of a node with this mode, whose group bits are the mask. */
export function formatAcl(acl: Acl, mode: number): string {
  const [owner, mask, others] = [mode >> 6 & 7, mode >> 3 & 7, mode & 7];
  return format({ ...acl, owner, groupObj: acl.groupObj ?? mask, others, mask });
}

/** The access list for what is made in a directory. */
export function formatDefaultAcl(acl: DefaultAcl): string {
  const named = acl.users.length + acl.groups.length > 0;
  // With names in it, a list without a mask is refused; this one takes nothing away.
  return format({ ...acl, mask: acl.mask ?? (named ? 7 : undefined) });
}

function format(acl: FullAcl): string {
  const rows = (kind: string, entries: readonly AclEntry[]) =>
    entries.map((entry) => `${kind}:${nameOf(entry)}:${letters(entry.permissions)}`);
  const mask = acl.mask === undefined ? [] : [`mask::${letters(acl.mask)}`];
  return [
    `user::${letters(acl.owner)}`,
    ...rows("user", acl.users),
    `group::${letters(acl.groupObj)}`,
    ...rows("group", acl.groups),
    ...mask,
    `other::${letters(acl.others)}`,
  ].join("\n") + "\n";
}

function nameOf({ name, id }: AclEntry): string {
  return name === "" || /[\s:,#]|^\d+$/.test(name) ? String(id) : name;
}

function letters(permissions: number): string {
  const bit = (mask: number, letter: string) => (permissions & mask) !== 0 ? letter : "-";
  return bit(4, "r") + bit(2, "w") + bit(1, "x");
}

function parse(text: string, findId: FindId): FullAcl {
  const users: AclEntry[] = [];
  const groups: AclEntry[] = [];
  const own = new Map<string, number>();
  for (const row of text.split(/[\n,]/).map((line) => line.replace(/#.*/s, "").trim())) {
    if (row === "") continue;
    const [tag, name = "", permissionText = "", number] = row.split(":").map((word) => word.trim());
    const kind = KINDS.get(tag);
    if (kind === undefined || !/^[rwx-]+$/.test(permissionText)) {
      throw invalidTar(`an access list has an invalid line (${quotedText(row.slice(0, 60))})`);
    }
    const permissions = (permissionText.includes("r") ? 4 : 0) + (permissionText.includes("w") ? 2 : 0) +
      (permissionText.includes("x") ? 1 : 0);
    if (name === "" || kind === "mask" || kind === "other") own.set(kind, permissions);
    else (kind === "user" ? users : groups).push({ ...identify(kind, name, number, findId), permissions });
  }
  const groupObj = own.get("group");
  const [owner, others] = [own.get("user"), own.get("other")];
  if (owner === undefined || groupObj === undefined || others === undefined) {
    throw invalidTar("an access list does not say what owner, group and others may do");
  }
  return { users, groups, owner, groupObj, others, mask: own.get("mask") };
}

const KINDS: ReadonlyMap<string, "user" | "group" | "mask" | "other"> = new Map([
  ["user", "user"],
  ["u", "user"],
  ["group", "group"],
  ["g", "group"],
  ["mask", "mask"],
  ["m", "mask"],
  ["other", "other"],
  ["o", "other"],
]);

function identify(
  kind: "user" | "group",
  name: string,
  number: string | undefined,
  findId: FindId,
): { id: number; name: string } {
  const digits = /^\d+$/.test(name) ? name : number;
  const id = digits !== undefined && /^\d+$/.test(digits) ? Number(digits) : findId(kind, name);
  if (id > MAX_ID) throw invalidTar("an access list has a user's or group's number out of range");
  return { id, name: /^\d+$/.test(name) ? "" : name };
}
