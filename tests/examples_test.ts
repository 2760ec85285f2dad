/** The examples in the documentation run as they are. Their types are checked with those of everything else. */

import { deepStrictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { documentedFiles, type Example, examplesIn } from "./support/documents/examples.ts";
import { repository } from "./support/process.ts";
import { tempDir } from "./support/temp.ts";

const config: { name: string; exports: Record<string, string> } = JSON.parse(
  Deno.readTextFileSync(join(repository, "deno.json")),
);

/** The example as a module that can be anywhere, with the lines of its file. */
function moduleOf({ code, line }: Example): string {
  const imported = Object.entries(config.exports).reduce(
    (text, [name, path]) =>
      text.replaceAll(`"${config.name}${name.slice(1)}"`, `"${pathToFileURL(join(repository, path))}"`),
    code,
  );
  return `${"\n".repeat(line - 1)}${imported}\n`;
}

const examples = documentedFiles().flatMap((file) =>
  examplesIn(file, Deno.readTextFileSync(join(repository, file)))
);

// In one process, which loads the library once; `deno test --doc` would do so for each.
for (const example of examples) {
  Deno.test(`${example.file}:${example.line}`, async () => {
    using dir = tempDir();
    const path = dir.write(`${example.file.replaceAll(/\W/g, "_")}.ts`, moduleOf(example));
    await import(pathToFileURL(path).href);
  });
}

Deno.test("examples are found in Markdown and in comments", () => {
  const markdown = "a\n```ts\nb();\n\nc();\n```\n```ts ignore\nd();\n```\n```sh\ne\n```\n";
  deepStrictEqual(examplesIn("x.md", markdown), [{ file: "x.md", line: 3, code: "b();\n\nc();" }]);
  const comment = "/**\n * a\n * ```ts\n * b();\n *\n *   c();\n * ```\n */\nd();\n";
  deepStrictEqual(examplesIn("x.ts", comment), [{ file: "x.ts", line: 4, code: "b();\n\n  c();" }]);
  throws(() => examplesIn("x.md", "```js\na\n```\n"), /x\.md:1/);
  throws(() => examplesIn("x.md", "```ts\na\n"), /x\.md:2/);
});
