import { strictEqual } from "node:assert/strict";
import { configuredS3, patternMatches } from "../../../src/cli/configuration/configured_options.ts";

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

Deno.test("configured credentials: for the server alone, whatever the location is", () => {
  const s3Credentials = { "http://h:1": { "access-key": "key" } };
  const cases: [location: string, accessKey: string | undefined][] = [
    ["s3+http://h:1/bucket", "key"],
    ["S3+HTTP://me:pa@ss@h:1?x", "key"],
    ["s3+https://h:1/bucket", undefined],
    ["s3+http://h/bucket", undefined],
    ["s3+http://[h:1/bucket", undefined],
    ["s3+http://h:x/bucket", undefined],
    ["s3+http://", undefined],
    ["http://h:1/bucket", undefined],
  ];
  for (const [location, accessKey] of cases) {
    strictEqual(configuredS3({ path: "c.json", s3Credentials }, location)?.accessKey, accessKey, location);
  }
});
