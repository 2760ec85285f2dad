#!/usr/bin/env -S deno run -A
import { main } from "./src/cli/main.ts";

Deno.exit(await main(Deno.args));
