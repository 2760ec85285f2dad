/** The one table of what a command's end means to the shell. */
import { DesyncError, type ErrorCode } from "../core/errors.ts";

/** Done. */
export const DONE = 0;
/** Failed. */
export const FAILED = 1;
/** The command line makes no sense. */
export const WRONG_USAGE = 2;
/** Done in part, or something did not match. */
export const PARTLY = 3;
/** The output was up to date already: only where an option asks for this status. */
export const UP_TO_DATE = 4;
/** Stopped by Ctrl-C or a signal. */
export const INTERRUPTED = 130;

/** Nobody reads the output any more: what the shell says of programs that SIGPIPE ends. */
export const UNREAD = 141;

/** All of them, in words for the help and the manual. */
export const STATUSES: readonly (readonly [status: number, means: string])[] = [
  [DONE, "done"],
  [FAILED, "failed; standard error says why"],
  [WRONG_USAGE, "invalid command line"],
  [PARTLY, "done in part, or something does not match"],
  [UP_TO_DATE, "the output was up to date already (only with --detailed-exit-status)"],
  [INTERRUPTED, "stopped by Ctrl-C or a signal"],
  [UNREAD, "the reader of the output closed it before its end"],
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
