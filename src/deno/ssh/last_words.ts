/** How a command on a host ended, in one line. */
import { oneLine } from "../../core/foreign_text.ts";
import type { RemoteService } from "./ssh_location.ts";

/** The status of a shell that does not find the command. */
const NOT_FOUND = 127;

/** What ended with which status, `null` if none is known, and what it wrote to standard error. */
export function lastWords(
  service: RemoteService,
  who: string,
  status: number | null,
  said: string,
): string {
  const how = status === null ? "" : `${who} ended with status ${status}`;
  const words = [how, oneLine(said, "; ")].filter((text) => text !== "").join(": ");
  const isMissing = status === NOT_FOUND && "command" in service;
  return isMissing ? `${words}; CASYNC_REMOTE_PATH names another program there` : words;
}
