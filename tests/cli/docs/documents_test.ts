/** Command lines in the documents: the commands and options in them are there, and every option is in a document. */

import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { describeCommands } from "../../../src/cli/docs/description.ts";
import { parse } from "../../../src/cli/parse/parse.ts";
import { blocksOf, type Page, pages, proseOf } from "../../support/documents/pages.ts";

/** Not for users of the command line, or about other programs. */
const documents = pages().filter(({ path }) => !/^(?:testdata|CONTRIBUTING|docs\/architecture)/.test(path));

/** What stands behind the program's name in a line of a shell, up to the end of the command. */
const COMMAND_LINE =
  /(?:^|[ |/])(?:desync|desync\.js|cli\.ts|@desync\/desync) ([a-z][a-z-]*(?: (?:'[^']*'|"[^"]*"|[^'"|>#;])*)?)(?=$|[|>#;])/g;

/** Words as a shell has them, as far as the documents need it. */
function wordsOf(text: string): string[] {
  return [...text.trim().matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/['"]/g, "")
  );
}

Deno.test("command lines in the documents are valid", async () => {
  let count = 0;
  for (const page of documents) {
    for (const line of blocksOf(page, "sh").flat()) {
      for (const [, command] of line.matchAll(COMMAND_LINE)) {
        count++;
        const asked = await parse(wordsOf(command)).catch((error) => {
          throw new Error(`${page.path}: ${line}`, { cause: error });
        });
        deepStrictEqual(asked.kind, "run", line);
      }
    }
  }
  ok(count > 70, String(count));
  await rejects(parse(wordsOf("extract --nope x y")), /--nope/);
});

/**
 * The command lines in the text: what is between two `` ` `` and begins with a command, or the program's name
 * and one. GNU tar is another program.
 */
function spansOf(page: Page, commands: ReadonlyMap<string, readonly string[]>): string[][] {
  return [...proseOf(page).matchAll(/(GNU\s+)?`([^`]+)`/g)]
    .filter(([, other]) => other === undefined)
    .map(([, , code]) => code.replaceAll(/\s+/g, " ").split(" "))
    .map((words) => words[0] === "desync" ? words.slice(1) : words)
    .filter(([name, ...more]) => commands.has(name) && more.some((word) => word.startsWith("-")));
}

Deno.test("every option is in the documents", async () => {
  const text = documents.filter(({ path }) => path !== "CHANGELOG.md").map(({ text }) => text).join("\n");
  const named = new Set(text.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g));
  const options = (await describeCommands()).flatMap(({ options }) => options.map(({ names }) => names));
  ok(options.length > 100, String(options.length));
  deepStrictEqual(options.filter((names) => !names.some((name) => named.has(name))), []);
});

Deno.test("options of commands that the text names are there", async () => {
  const commands = new Map(
    (await describeCommands()).map(({ name, options }) => [name, options.flatMap(({ names }) => names)]),
  );
  const unknown: string[] = [];
  let count = 0;
  for (const page of documents) {
    // What desync has and this program has not, which is tried by tests/interop/differences_test.ts.
    const supported = { ...page, text: page.text.replaceAll(/^.*is not supported yet.*$/gm, "") };
    for (const [name, ...words] of spansOf(supported, commands)) {
      for (const [option] of words.flatMap((word) => [...word.matchAll(/^--?[a-zA-Z][\w-]*/g)])) {
        count++;
        if (!commands.get(name)!.includes(option)) unknown.push(`${page.path}: ${name} ${option}`);
      }
    }
  }
  deepStrictEqual(unknown, []);
  ok(count > 100, String(count));
});
