import { deepStrictEqual, throws } from "node:assert/strict";
import { JsonListReader } from "../../../src/cli/inputs/json_list.ts";
import { random } from "../../support/random.ts";

function read(pieces: Iterable<string>): unknown[] {
  const entries: unknown[] = [];
  const reader = new JsonListReader((entry, i) => {
    deepStrictEqual(i, entries.length);
    entries.push(entry);
  });
  for (const piece of pieces) reader.push(piece);
  reader.finish();
  return entries;
}

const lists: unknown[][] = [
  [],
  [1],
  [null, true, "a", { a: 1 }],
  ['a "quoted", [one]', "\\", '\\\\" ,]', { "]": "},{", "\\": ["[", { deep: [[]] }] }],
  Array.from({ length: 300 }, (_, i) => ({ id: `${i}`.repeat(20), size: i })),
];
for (const list of lists) {
  const texts = [JSON.stringify(list), `\n ${JSON.stringify(list, null, 2)}\r\n`];
  Deno.test(`a list is read as JSON.parse does, in pieces of any size: ${texts[0].slice(0, 40)}`, () => {
    const generator = random();
    for (const text of texts) {
      deepStrictEqual(read([text]), list);
      deepStrictEqual(read(text), list);
      for (let i = 0; i < 20; i++) {
        const cut = generator.below(text.length);
        deepStrictEqual(read([text.slice(0, cut), text.slice(cut)]), list);
      }
    }
  });
}

Deno.test("null is an empty list", () => deepStrictEqual(read(["nu", "ll\n"]), []));

for (
  const text of [
    "",
    " ",
    "{}",
    "[",
    "[1",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1]]",
    "[1],",
    "[1] x",
    "nulls",
    "[}]",
    '["]',
    "[{]",
  ]
) {
  Deno.test(`${JSON.stringify(text)} is not a list`, () => {
    throws(() => read([text]));
    throws(() => read(text));
  });
}

Deno.test("an endless input is refused before it takes much memory", () => {
  for (const [start, more] of [["", " "], ["", "x"], ["[", " "], ['["', "x"], ["[", "["], ["[1]", " "]]) {
    const reader = new JsonListReader(() => {});
    reader.push(start);
    throws(() => {
      for (let length = 0; length < 1e6; length += 1000) reader.push(more.repeat(1000));
    }, `${start}${more}`);
  }
});
