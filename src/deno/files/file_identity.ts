/** Which file or directory it is, whatever its path has become. */
import type { FileIdentity } from "../../transfer/messages.ts";

/** What Deno and node say about a file. */
interface Numbers {
  readonly dev: number;
  /** `null` where the system has none. */
  readonly ino: number | null;
}

/** The identity of what this information is about. */
export function identityOf({ dev, ino }: Numbers): FileIdentity {
  return { device: dev, inode: ino };
}

/** Whether the information is about that file or directory. */
export function isIdentified(found: Numbers, { device, inode }: FileIdentity): boolean {
  return found.dev === device && found.ino === inode;
}
