/** Files `.caexclude`, and the patterns in them. */
import { ok } from "node:assert/strict";
import { ExcludePatterns } from "../../src/formats/archive/exclude_patterns.ts";
import { splitLines, type Target, words } from "../target.ts";

const NAMES = words("a", "a.o", ".hidden", "[\\", "x".repeat(255));

/** Thousands of patterns are tried on the longest name alone: each takes its time for each. */
const LARGE = 8192;

export const caexclude: Target = {
  name: "caexclude",
  codes: ["usage"],
  words: words(
    "*",
    "?",
    "[",
    "]",
    "[!",
    "[[:alpha:]]",
    "[a-z]",
    "\\",
    "/",
    "!",
    "#",
    "..",
    ".",
    " ",
    "\t",
    "\u202e",
  ),
  seeds: () => words("*.o\n!keep.o\n/tmp/\n# comment\na/b/*\n", "[[:alpha:]x-z]*?[!]a]\n\\*\n", "a/**/b\r\n"),
  split: splitLines,
  check(input) {
    const patterns = ExcludePatterns.parseFile(input, "/somewhere/.caexclude");
    let seen = "";
    for (const name of input.length > LARGE ? NAMES.slice(-1) : NAMES) {
      const directory = patterns.test(name, true);
      const file = patterns.test(name, false);
      // What names files names directories too, unless another pattern keeps those.
      ok(file.inside === ExcludePatterns.NONE || directory.inside !== undefined);
      seen += directory.excluded ? "d" : file.excluded ? "f" : ".";
      directory.inside.test(name, false);
    }
    return seen;
  },
};
