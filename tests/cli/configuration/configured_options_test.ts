import { strictEqual } from "node:assert/strict";
import { configuredS3 } from "../../../src/cli/configuration/configured_options.ts";
import { patternMatches } from "../../../src/cli/configuration/store_pattern.ts";
import { tempDir } from "../../support/temp.ts";

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
    ["[a", "[ab", false],
    ["a\\", "a", false],
    ["😀?", "😀😀", true],
  ];
  for (const [pattern, text, matches] of cases) {
    strictEqual(patternMatches(`${host}/${pattern}`, `${host}/${text}`), matches, `${pattern} ${text}`);
  }
});

Deno.test("configured options: a location with brackets is found under its own name, and so is an IPv6 address", () => {
  const cases: [pattern: string, location: string, matches: boolean][] = [
    ["/a[b]c/", "/a[b]c", true],
    ["/a[b]c", "/abc", true],
    ["http://[::1]:8080/store", "http://[::1]:8080/store/", true],
    ["http://me@[::1]:8080/*", "http://me@[::1]:8080/store", true],
    ["http://[fe80::1]/*", "http://[fe80::2]/store", false],
    ["http://[ab].example.com/*", "http://b.example.com/store", true],
  ];
  for (const [pattern, location, matches] of cases) {
    strictEqual(patternMatches(pattern, location), matches, `${pattern} ${location}`);
  }
});

Deno.test("configured options: what the working directory is called means nothing in relative ones", () => {
  using dir = tempDir();
  const before = Deno.cwd();
  try {
    for (const name of ["a[b]", "c[", ...Deno.build.os === "windows" ? [] : ["d*", "e\\", "f?"]]) {
      Deno.chdir(dir.dir(name));
      strictEqual(patternMatches("sto*", "store"), true, name);
      strictEqual(patternMatches("./sto*", dir.path(`${name}/store`)), true, name);
      strictEqual(patternMatches("../sto*", dir.path("store")), true, name);
      strictEqual(patternMatches("sto*", "other"), false, name);
    }
  } finally {
    Deno.chdir(before);
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
