/** What an SFTP server says is wrong, in words that help. */
import { DesyncError } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import { STATUS } from "./sftp_packets.ts";

/** An answer that is an error. */
export class SftpError extends DesyncError {
  /** One of {@linkcode STATUS}, or a server's own. */
  readonly status: number;

  constructor(status: number, reason: string, retriable: boolean) {
    super("store", { reason, retriable });
    this.status = status;
  }
}

/** What has words of its own: those of servers differ, or say nothing. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [STATUS.eof, "the server reports an unexpected end"],
  [STATUS.noSuchFile, "no such file or directory"],
  [STATUS.permissionDenied, "permission denied"],
  [STATUS.unsupported, "the server does not support this"],
]);

/** The error for a STATUS that is one. */
export function statusError(
  { code, message }: { readonly code: number; readonly message: string },
): SftpError {
  const said = foreignText(message);
  const reason = REASONS.get(code) ??
    `the server reports ${said === "" ? `status ${code}` : JSON.stringify(said)}`;
  return new SftpError(code, reason, code === STATUS.noConnection || code === STATUS.connectionLost);
}

/** Whether the server says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof SftpError && error.status === STATUS.noSuchFile;
}

/** Whether the server said anything: the session goes on. */
export function isAnswer(error: unknown): error is SftpError {
  return error instanceof SftpError;
}
