/** A directory of another machine, as locations name it. */
import type { SftpSession } from "./sftp_session.ts";
import type { SessionPool } from "../protocol/session_pool.ts";

/** Where a store or an index is, and how to get there. */
export interface SftpPlace {
  /** The location without a password, for messages. */
  readonly redacted: string;
  /** The directory on the host. */
  readonly path: string;
  /** Sessions with the host, which are closed by their owner. */
  readonly sessions: SessionPool<SftpSession>;
}

/** What the directory's entries begin with. */
export function prefixOf(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
