/** How this project's own command line is started. */

import { join } from "node:path";
import { repository } from "./process.ts";

/** The words in front of the command line's own arguments, for tests that have to start it by themselves. */
export const cliCommand: readonly string[] = [Deno.execPath(), "run", "-A", join(repository, "cli.ts")];
