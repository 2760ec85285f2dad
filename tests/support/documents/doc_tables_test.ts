import { deepStrictEqual, throws } from "node:assert/strict";
import { parseDocPage } from "./doc_tables.ts";

const page = `# Page

Words.

## One

| who  | casync  | desync |
| ---- | ------- | ------ |
| this | yes     | no[^a] |
| that | no[^b1] |        |

## None

[^a]: A note
    of two lines.
[^b1]: Another.

Not of the note.
`;

Deno.test("a page's tables and notes", () => {
  const { tables, notes } = parseDocPage(page);
  deepStrictEqual([...tables.keys()], ["One"]);
  const { columns, rows } = tables.get("One")!;
  deepStrictEqual(columns, ["casync", "desync"]);
  deepStrictEqual([...rows].map(([label, cells]) => [label, ...cells.entries()]), [
    ["this", ["casync", "yes"], ["desync", "no[^a]"]],
    ["that", ["casync", "no[^b1]"], ["desync", ""]],
  ]);
  deepStrictEqual([...notes], [["a", "A note of two lines."], ["b1", "Another."]]);
});

for (
  const [name, text] of [
    ["a row that stands twice", "# T\n| a | b |\n| - | - |\n| x | 1 |\n| x | 2 |\n"],
    ["a row without its cells", "# T\n| a | b |\n| - | - |\n| x |\n"],
    [
      "two tables under a heading",
      "# T\n| a | b |\n| - | - |\n| x | 1 |\n\n| a | b |\n| - | - |\n| - | - |\n",
    ],
    ["a table without a head", "# T\n| a | b |\n| x | 1 |\n"],
  ]
) {
  Deno.test(`refused in a page: ${name}`, () => {
    throws(() => parseDocPage(text));
  });
}
