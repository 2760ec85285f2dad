/** Files of the user's that ssh reads: keys and known hosts. */
import { readText } from "../files/read_whole.ts";

/** How long they are waited for where they are named pipes. */
const PIPE_PATIENCE_MS = 1000;

/** What the file holds, `undefined` where it is missing or may not be read. */
export function readUserFile(path: string): string | undefined {
  try {
    return readText(path, PIPE_PATIENCE_MS);
  } catch {
    return undefined;
  }
}
