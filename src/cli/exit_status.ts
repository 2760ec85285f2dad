/** The exit statuses, in one table. */
import { DesyncError, type ErrorCode } from "../core/errors.ts";

/** Done. */
export const DONE = 0;
/** Failed. */
export const FAILED = 1;
/** Invalid command line. */
export const WRONG_USAGE = 2;
/** Partly done, or a mismatch. */
export const PARTLY = 3;
/** The output was already up to date: only where an option asks for this status. */
export const UP_TO_DATE = 4;
/** Stopped by Ctrl-C or a signal. */
export const INTERRUPTED = 130;

/** The reader closed the output: the status that shells report for SIGPIPE. */
export const UNREAD = 141;

/** All of them, in words for the help and the manual. */
export const STATUSES: readonly (readonly [status: number, means: string])[] = [
  [DONE, "done"],
  [FAILED, "failed; standard error says why"],
  [WRONG_USAGE, "invalid command line"],
  [PARTLY, "partly done, or a mismatch"],
  [UP_TO_DATE, "the output was already up to date (only with --detailed-exit-status)"],
  [INTERRUPTED, "stopped by Ctrl-C or a signal"],
  [UNREAD, "the reader of the output closed it early"],
];

const STATUS: Partial<Record<ErrorCode, number>> = {
  usage: WRONG_USAGE,
  mismatch: PARTLY,
  interrupted: INTERRUPTED,
};

/** The status for an error that ended a command. */
export function statusOf(error: unknown): number {
  return error instanceof DesyncError ? STATUS[error.code] ?? FAILED : FAILED;
}
