import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { allCommands } from "../../../src/cli/commands.ts";
import { describeCommands } from "../../../src/cli/docs/description.ts";
import { VARIABLES } from "../../../src/cli/docs/environment.ts";
import { STATUSES } from "../../../src/cli/exit_status.ts";
import { runCli } from "../../support/cli.ts";
import { assertFails } from "../../support/failure.ts";
import { filesIn } from "../../support/files.ts";
import { peers } from "../../support/peers.ts";
import { repository, runAny } from "../../support/process.ts";
import { tempDir } from "../../support/temp.ts";

Deno.test({
  name: "the manual page is valid for mandoc, and lists all commands, options, variables and statuses",
  ignore: peers.mandoc === undefined,
  fn: async () => {
    const { code, stdout: page, stderr } = await runCli(["manpage"], { env: { SOURCE_DATE_EPOCH: "86400" } });
    deepStrictEqual([code, stderr], [0, ""]);
    const lint = await runAny(peers.mandoc!, ["-T", "lint", "-W", "all"], { stdin: page });
    // Examples are not broken.
    const problems = lint.stdout.split("\n")
      .filter((line) => line !== "" && !/STYLE: input text line longer.*: desync /.test(line));
    deepStrictEqual(problems, []);
    const { stdout: shown } = await runAny(
      peers.mandoc!,
      ["-T", "ascii", "-O", "width=500"],
      { stdin: page },
    );
    const overstruck = new RegExp(`.${String.fromCharCode(8)}`, "g");
    const text = shown.replaceAll(overstruck, "");
    match(text, /1970-01-02/);
    for (const { name, options } of (await describeCommands()).filter(({ name }) => name !== "help")) {
      match(text, new RegExp(`^ +desync ${name} \\[options\\]`, "m"));
      for (const { names, value } of options) {
        const term = names.join(", ") + (value === undefined ? "" : ` ${value.name}`);
        // What is short has its description behind it.
        ok(text.split("\n").some((line) => `${line.trim()} `.startsWith(`${term} `)), `${name} ${term}`);
      }
    }
    for (const { examples } of await allCommands()) {
      for (const example of examples) ok(text.includes(example), example);
    }
    for (const name of Object.keys(VARIABLES)) match(text, new RegExp(`^ +${name}`, "m"));
    for (const [status, means] of STATUSES) {
      match(text, new RegExp(`^ +${status} +${RegExp.escape(means)}`, "m"));
    }
  },
});

Deno.test("the manual page is written into a directory", async () => {
  using dir = tempDir();
  const { code, stdout, stderr } = await runCli(["manpage", dir.root]);
  deepStrictEqual([code, stdout, stderr], [0, "", ""]);
  deepStrictEqual(filesIn(dir.root), ["desync.1"]);
  strictEqual(Deno.readTextFileSync(dir.path("desync.1")), (await runCli(["manpage"])).stdout);
  assertFails(await runCli(["manpage", dir.path("none")]), 1, "desync.1", dir.path("none"));
});

Deno.test("the manual page has every variable that the program reads", () => {
  const described = Object.entries(VARIABLES).flat().join(" ");
  const source = join(repository, "src");
  const read = filesIn(source).filter((name) => name.endsWith(".ts")).flatMap((name) =>
    [
      ...Deno.readTextFileSync(join(source, name)).matchAll(
        /\benvironment\("(\w+)"\)|"((?:S3|AWS|DESYNC|DENO)_[A-Z_]+)"/g,
      ),
    ]
      .map(([, called, named]) => called ?? named)
  );
  ok(read.length > 30, String(read.length));
  deepStrictEqual(read.filter((name) => !described.split(/\W+/).includes(name)), []);
});

Deno.test("a description of several paragraphs keeps them in the help and in the manual page", async () => {
  const help = (await runCli(["delta", "--help"])).stdout;
  match(help, /these\schunks\.\n\nEach version is /);
  ok(!/ {2}|^ /m.test(help.slice(0, help.indexOf("\nOptions:"))), help);
  match((await runCli(["manpage"])).stdout, /chunks\.\n\.IP\nEach version is /);
});

Deno.test("an invalid date is refused", async () => {
  assertFails(
    await runCli(["manpage"], { env: { SOURCE_DATE_EPOCH: "today" } }),
    2,
    "SOURCE_DATE_EPOCH",
    "today",
  );
});
