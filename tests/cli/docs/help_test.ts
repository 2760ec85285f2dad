import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { allCommands } from "../../../src/cli/commands.ts";
import { describeCommands } from "../../../src/cli/docs/description.ts";
import { parse } from "../../../src/cli/parse/parse.ts";
import { runCli } from "../../support/cli.ts";

Deno.test("the help lists every command once", async () => {
  const { code, stdout, stderr } = await runCli(["--help"]);
  deepStrictEqual([code, stderr], [0, ""]);
  for (const { name, summary } of await describeCommands()) {
    const lines = stdout.split("\n").filter((line) => line.startsWith(`  ${name} `));
    strictEqual(lines.length, 1, name);
    ok(summary.startsWith(lines[0].slice(2 + name.length).trim()), lines[0]);
  }
});

for (const { name, options } of (await describeCommands()).filter(({ name }) => name !== "help")) {
  Deno.test(`the help of ${name} lists its options, within 80 columns, and examples`, async () => {
    const { code, stdout, stderr } = await runCli([name, "--help"]);
    deepStrictEqual([code, stderr], [0, ""]);
    const [text, examples, ...more] = stdout.split("\nExamples:\n");
    deepStrictEqual(more, []);
    match(examples, /^ {2}.*desync /m);
    deepStrictEqual(text.split("\n").filter((line) => line.length > 80), []);
    for (const { names, value } of options) {
      const term = names.join(", ") + (value === undefined ? "" : ` <${value.name}>`);
      ok(text.includes(`\n  ${term} `), term);
    }
  });
}

for (const { name, examples } of await allCommands()) {
  for (const example of examples) {
    Deno.test(`the example is a valid command line: ${example}`, async () => {
      const words = /(?:^|\| )desync ([^|>]*)/.exec(example)![1].trim().split(" ");
      const asked = await parse(words);
      deepStrictEqual([asked.kind, asked.command?.name], ["run", name]);
    });
  }
}
