/** What desync's users may write: its commands and options are known here, or said to be not supported yet. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { COMMANDS } from "../../src/cli/commands.ts";
import { describeCommands, describeGlobalOptions } from "../../src/cli/docs/description.ts";
import { isMissingOption, MISSING_COMMANDS } from "../../src/cli/parse/missing.ts";
import { runCli } from "../support/cli.ts";
import { assertFails } from "../support/failure.ts";
import { peers } from "../support/peers.ts";
import { run } from "../support/process.ts";
import { takingTurns } from "../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

async function helpOf(...command: string[]): Promise<string> {
  return (await run(peers.desync!, [...command, "--help"])).stdout;
}

/** The commands, or the options, that a help of desync lists. */
function listed(help: string, pattern: RegExp): string[] {
  return [...help.matchAll(pattern)].map(([, name]) => name);
}

inTurn()({
  name: "every command and option of desync is known, or listed as missing",
  ignore: peers.desync === undefined,
  fn: async () => {
    const theirs = listed((await helpOf()).split("Available Commands:")[1], /^ {2}([a-z][a-z-]+) /gm);
    const ours = COMMANDS.map(({ name }) => name);
    const unheardOf = theirs.filter((name) => ![...ours, ...MISSING_COMMANDS, "help"].includes(name));
    deepStrictEqual(unheardOf, []);

    for (const name of theirs.filter((name) => ours.includes(name))) {
      const help = name === "completion" ? await helpOf(name, "bash") : await helpOf(name);
      const options = listed(help, /^ {2}(?: {4}|-., )(--[a-z-]+)/gm);
      ok(options.length >= 4 && options.includes("--digest"), help);
      const shorts = listed(help, /^ {2}(-.), /gm);
      const command = (await describeCommands()).find((command) => command.name === name)!;
      const known = [...command.options, ...describeGlobalOptions()].flatMap(({ names }) => names);
      // Taken wherever stores are reached, but listed only where it means something.
      if (known.includes("--timeout")) known.push("-r", "--cache-repair");
      const unknown = [...options, ...shorts].filter((option) =>
        !known.includes(option) && !isMissingOption(option, name)
      );
      deepStrictEqual(unknown, [], name);
    }
  },
});

const missing: [args: string[], ...says: string[]][] = [
  [["manpage", "--section", "1", "x"], "--section", "not supported yet"],
  [["help", "mount-index"], "mount-index", "not supported yet"],
];
for (const [args, ...says] of missing) {
  Deno.test(`not supported yet: ${args.join(" ")}`, async () => {
    assertFails(await runCli(args), 2, ...says);
  });
}
