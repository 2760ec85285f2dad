import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ExcludePatterns } from "../../../src/formats/archive/exclude_patterns.ts";

/** Those of the paths that are left out; a directory's path ends in a slash. */
function excluded(lines: string[], paths: string[]): string[] {
  const root = ExcludePatterns.parse(lines, "test");
  return paths.filter((path) => {
    let patterns = root;
    const names = path.replace(/\/$/, "").split("/");
    return names.some((name, i) => {
      const isDirectory = i < names.length - 1 || path.endsWith("/");
      const verdict = patterns.test(new TextEncoder().encode(name), isDirectory);
      patterns = verdict.inside;
      return verdict.excluded;
    });
  });
}

const cases: [what: string, lines: string[], paths: string[], out: string[]][] = [
  ["a name holds everywhere", ["x"], ["x", "a/x", "a/x/y", "xx"], ["x", "a/x", "a/x/y"]],
  ["a slash in front ties it to the root", ["/x"], ["x", "a/x"], ["x"]],
  ["a slash within does so too", ["a/x"], ["a/x", "b/a/x", "x"], ["a/x"]],
  ["a slash at the end means directories", ["x/"], ["x", "x/", "a/x/"], ["x/"]],
  ["one that keeps wins, before or behind", ["!a.o", "*.o", "!b.o"], ["a.o", "b.o", "c.o", "d/b.o"], ["c.o"]],
  ["nothing is kept in a directory that is left out", ["d", "!d/x"], ["d/x", "d/"], ["d/x", "d/"]],
  ["several components with stars", ["a*/*/z"], ["ab/c/z", "ab/c/y", "b/c/z", "ab/z"], ["ab/c/z"]],
  ["a part of a file's path", ["a/b"], ["a", "a/b/c"], ["a/b/c"]],
  ["comments and empty lines say nothing", ["", "#x", "  ", "\t x "], ["x", "#x"], ["x"]],
  ["a carriage return is part of a name", ["a\r", "\r*"], ["a", "a\r", "b", "\rb"], ["a\r", "\rb"]],
  ["dots in front are named by name alone", ["*", "!.*"], ["a", ".b"], ["a"]],
];
for (const [what, lines, paths, out] of cases) {
  Deno.test(`patterns for what is left out: ${what}`, () => deepStrictEqual(excluded(lines, paths), out));
}

Deno.test("invalid patterns are reported with their line", () => {
  for (const line of ["/", "a//../b", "!", ".", "./a", "a/.."]) {
    throws(
      () => ExcludePatterns.parse(["ok", line], "the file"),
      /\(the file, line 2\): a name in it is empty/,
      line,
    );
  }
});

Deno.test("a line that is long takes no time", () => {
  const bytes = (line: string) => new TextEncoder().encode(line);
  for (const part of [" ", "[", "//", "a/", "*?", "\t \r", "!"]) {
    const line = `a${part.repeat(200_000 / part.length)}b`;
    strictEqual(ExcludePatterns.parseFile(bytes(line), "").test(bytes("a"), true).excluded, false, part);
  }
  throws(
    () => ExcludePatterns.parseFile(bytes(`../${"x".repeat(1_000_000)}`), ".caexclude"),
    ({ message }: Error) => message.length < 1000,
  );
});

Deno.test("patterns and names need not be UTF-8", () => {
  const patterns = ExcludePatterns.parseFile(Uint8Array.of(0xff, 0x2a, 0x0a, 0xc3, 0xbc), "test");
  deepStrictEqual(patterns.test(Uint8Array.of(0xff, 0xfe), false).excluded, true);
  deepStrictEqual(patterns.test(new TextEncoder().encode("ü"), false).excluded, true);
  deepStrictEqual(patterns.test(Uint8Array.of(0xfe), false).excluded, false);
});
