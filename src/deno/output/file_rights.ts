/** Who a file belongs to and what it permits to whom: taken over by the file that replaces it. */
import { files } from "../files/file_calls.ts";
import { JobLibc } from "../system/libc.ts";
import { followLinks, isPlantedAt } from "./planted.ts";

/** Of a file that is there. */
export interface FileRights {
  readonly uid: number;
  readonly gid: number;
  /** What owner, group and others may. Setuid and its like are not passed on to other content. */
  readonly mode: number;
}

/**
 * The file's rights, `undefined` where there are none to keep: also where another user may have planted it, and would
 * get what replaces it. `own` is the user who replaces it.
 */
export function rightsOf(path: string, own: number | null): FileRights | undefined {
  if (Deno.build.os === "windows") return undefined;
  try {
    if (isPlantedAt(followLinks(path, own), own)) return undefined;
    const { uid, gid, mode } = Deno.statSync(path);
    if (uid === null || gid === null || mode === null) return undefined;
    const group = mode & 0o070;
    // With an access list, what looks like the group's is the most that any entry of the list may.
    return { uid, gid, mode: mode & 0o777 & ~(group !== 0 && hasAccessList(path) ? group : 0) };
  } catch {
    return undefined;
  }
}

/** Known only where foreign functions are allowed. */
function hasAccessList(path: string): boolean {
  using job = new JobLibc();
  const bytes = (text: string) => new TextEncoder().encode(`${text}\0`);
  const length = job.libc?.getxattr(bytes(path), bytes("system.posix_acl_access"), new Uint8Array(1), 0n);
  return length !== undefined && Number(length) > 0;
}

/**
 * Gives an open file that only this user may use yet another's rights, as far as the system allows; where it does not,
 * it permits no more than the other did. Throws what the system says when the mode cannot be set. Open, since its
 * name may lead elsewhere already in a directory of another user.
 */
export function giveRights(file: number, { uid, gid, mode }: FileRights): void {
  const own = files().info(file).uid;
  setOwner(file, own, gid);
  const hasGroup = files().info(file).gid === gid;
  files().setMode(file, hasGroup ? mode : modeInAnotherGroup(mode));
  // The last step: users other than root may do nothing more with another's file.
  if (uid !== own) setOwner(file, uid, files().info(file).gid);
}

/** Those of the old group are now others, and others may be of the new group: both get what both had. */
function modeInAnotherGroup(mode: number): number {
  const both = (mode >> 3) & mode & 0o7;
  return (mode & 0o700) | (both << 3) | both;
}

function setOwner(file: number, uid: number, gid: number): void {
  try {
    files().setOwner(file, uid, gid);
  } catch {
    // It takes root, or a group that one is in.
  }
}
