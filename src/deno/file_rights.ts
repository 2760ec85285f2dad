/** Who a file belongs to and what it permits to whom: taken over by the file that replaces it. */

/** Of a file that is there. */
export interface FileRights {
  readonly uid: number;
  readonly gid: number;
  /** What owner, group and others may. Setuid and its like are not passed on to other content. */
  readonly mode: number;
}

/** The file's rights, `undefined` where there are none to keep. */
export function rightsOf(path: string): FileRights | undefined {
  if (Deno.build.os === "windows") return undefined;
  try {
    const { uid, gid, mode } = Deno.statSync(path);
    return uid === null || gid === null || mode === null ? undefined : { uid, gid, mode: mode & 0o777 };
  } catch {
    return undefined;
  }
}

/**
 * Gives a file that nobody but us may use yet another's rights, as far as the system allows; where it does not, it
 * permits nobody more than the other did. Throws what the system says when the mode cannot be set.
 */
export function giveRights(path: string, { uid, gid, mode }: FileRights): void {
  setOwner(path, null, gid);
  const hasGroup = Deno.statSync(path).gid === gid;
  Deno.chmodSync(path, hasGroup ? mode : modeInAnotherGroup(mode));
  // The last step: whoever is not root may do nothing more with what is somebody else's.
  setOwner(path, uid, null);
}

/** Those of the old group are now others, and others may be of the new group: both get what both had. */
function modeInAnotherGroup(mode: number): number {
  const both = (mode >> 3) & mode & 0o7;
  return (mode & 0o700) | (both << 3) | both;
}

function setOwner(path: string, uid: number | null, gid: number | null): void {
  try {
    Deno.chownSync(path, uid, gid);
  } catch {
    // It takes root, or a group that one is in.
  }
}
