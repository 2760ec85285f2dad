import { strictEqual } from "node:assert/strict";
import { Glob } from "../../../src/formats/archive/glob.ts";
import { random } from "../../support/random.ts";

const examples: [pattern: string, name: string, matches: boolean][] = [
  ["", "", true],
  ["*", "", true],
  ["*", "anything", true],
  ["*", ".hidden", false],
  [".*", ".hidden", true],
  ["\\.*", ".hidden", true],
  ["?hidden", ".hidden", false],
  ["[.]hidden", ".hidden", false],
  ["a*.o", "a.b.o", true],
  ["a*.o", "a.o.c", false],
  ["[!a]b", "ab", false],
  ["[^a]b", "xb", true],
  ["[]]", "]", true],
  ["[a-]", "-", true],
  ["[a", "[a", true],
  ["[[:digit:]x]*", "5th", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
  ["a\\", "a\\", false],
];
for (const [pattern, name, matches] of examples) {
  Deno.test(`the pattern ${pattern} and the name ${name}`, () => {
    strictEqual(new Glob(pattern).matches(name), matches);
  });
}

Deno.test("a pattern of many stars takes no time, and one of many brackets", () => {
  strictEqual(new Glob("*a".repeat(100) + "b").matches("a".repeat(255)), false);
  for (const part of ["[", "[\\]", "[!", "[a-", "[[:alpha:]", "[]", "*", "\\*"]) {
    const many = part.repeat(200_000 / part.length);
    strictEqual(new Glob(many).matches("a".repeat(255)), part === "*", part);
    strictEqual(new Glob(`[${many}b]*`).matches("b"), part !== "[]", part);
  }
});

Deno.test({
  name: "patterns of all kinds match what fnmatch of the C library does",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    const FNM_PERIOD = 4;
    const libc = Deno.dlopen("libc.so.6", {
      fnmatch: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
    });
    const source = random();
    const some = (letters: string[], most: number) =>
      Array.from({ length: source.below(most + 1) }, () => letters[source.below(letters.length)]).join("");
    const bytes = (text: string) => Uint8Array.from(`${text}\0`, (c) => c.charCodeAt(0));
    try {
      let matching = 0;
      for (let i = 0; i < 30_000; i++) {
        const pattern = some(
          [
            "a",
            "b",
            "c",
            ".",
            "*",
            "?",
            "[ab]",
            "[!a]",
            "[a-c]",
            "[[:alpha:]]",
            "\\*",
            "\\a",
            "[]a]",
            "-",
            "\xff",
          ],
          6,
        );
        const name = some(["a", "b", "c", ".", "*", "]", "-", "\xff"], 6);
        const theirs = libc.symbols.fnmatch(bytes(pattern), bytes(name), FNM_PERIOD) === 0;
        strictEqual(new Glob(pattern).matches(name), theirs, `${pattern} and ${name}`);
        if (theirs) matching++;
      }
      strictEqual(matching > 500, true, "some of them match");
    } finally {
      libc.close();
    }
  },
});
