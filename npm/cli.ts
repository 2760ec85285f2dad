/** The command line under node. */
import { main } from "../src/cli/main.ts";
import { includeCommands } from "../src/cli/commands.ts";
import { workersAreIn } from "../src/workers/start_worker.ts";
// The build makes this: the files of src/cli/commands/ by their names.
import commands from "desync:commands";

workersAreIn(new URL("./worker.js", import.meta.url).href);
includeCommands(commands);
process.exit(await main(process.argv.slice(2)));
