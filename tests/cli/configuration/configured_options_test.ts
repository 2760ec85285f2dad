import { strictEqual } from "node:assert/strict";
import { patternMatches } from "../../../src/cli/configuration/configured_options.ts";

const host = "https://host";

Deno.test("configured options: patterns are those of Go's path.Match", () => {
  const cases: [pattern: string, location: string, matches: boolean][] = [
    ["*", "a", true],
    ["*", "a/b", false],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-b/b-c", false],
    ["*/b*", "a/bc", true],
    ["a?c", "a€c", true],
    ["a?c", "a/c", false],
    ["[a-cx]", "b", true],
    ["[a-cx]", "d", false],
    ["[^a-cx]", "d", true],
    ["[\\]]", "]", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["[a", "[a", false],
    ["a\\", "a\\", false],
    ["😀?", "😀😀", true],
  ];
  for (const [pattern, text, matches] of cases) {
    strictEqual(patternMatches(`${host}/${pattern}`, `${host}/${text}`), matches, `${pattern} ${text}`);
  }
});

// Found by fuzzing, when they were regular expressions: the first was an error that no command expected.
Deno.test("configured options: long patterns are matched like others", () => {
  const long = "a".repeat(100_000);
  strictEqual(patternMatches(`${host}/${long}`, `${host}/${long}`), true);
  strictEqual(patternMatches(`${host}/${long}`, `${host}/b`), false);
  strictEqual(patternMatches(`${host}/${"*a".repeat(50)}b`, `${host}/${long}`), false);
});
