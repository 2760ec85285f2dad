/** The command line on a machine whose clock is an hour ahead. */
import { main } from "../../../src/cli/main.ts";

const now = Date.now;
Date.now = () => now() + 3_600_000;

Deno.exit(await main(Deno.args));
