/** How this project's own command line is started. */

import { join } from "node:path";
import { repository } from "./process.ts";

/** Another build that the tests are to run: `node dist/npm/lib/cli.js`. */
export const otherBuild: readonly string[] | undefined = Deno.env.get("DESYNC_TEST_CLI")?.split(" ");

/** The words in front of the command line's own arguments, for tests that have to start it by themselves. */
export const cliCommand: readonly string[] = otherBuild ??
  [Deno.execPath(), "run", "-A", join(repository, "cli.ts")];
