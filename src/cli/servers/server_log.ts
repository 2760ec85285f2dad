/** The log of a server. */
import { AccessLog, logFile } from "../../deno/server/access_log.ts";
import { messageOf } from "../../core/errors.ts";
import { warn } from "../output/output.ts";
import { logToStandardOutput } from "./standard_log.ts";
import type { ServerFlags } from "./server_thread.ts";

/**
 * Opens it, if one is wanted. With `post` the main thread writes what this one adds. Throws `io` for a file that cannot be
 * opened.
 */
export function openLog(
  { log, logFormat }: Pick<ServerFlags, "log" | "logFormat">,
  post?: (lines: string) => void,
): AccessLog | undefined {
  if (log === undefined) return undefined;
  const output = post !== undefined
    ? { write: post, reopen: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() }
    : log === "-"
    ? logToStandardOutput()
    : logFile(log);
  return new AccessLog(output, logFormat, (problem) => {
    warn(`${messageOf(problem)} (continuing without the log)`);
  });
}
