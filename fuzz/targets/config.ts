/** desync's configuration file. */
import { parseConfiguration } from "../../src/cli/configuration/configuration.ts";
import { patternMatches } from "../../src/cli/configuration/store_pattern.ts";
import { splitLines, type Target, words } from "../target.ts";

const LOCATIONS = [
  "https://host/store",
  "https://host/store/",
  "/srv/store",
  "s3+https://host/bucket",
  "a".repeat(500),
];

export const config: Target = {
  name: "config",
  codes: ["usage"],
  words: words(
    "{",
    "}",
    '"',
    ":",
    ",",
    "[",
    "]",
    "*",
    "?",
    "\\\\",
    "[^a-z]",
    "null",
    "true",
    '"store-options"',
    '"s3-credentials"',
  ),
  seeds: () =>
    words(
      '{"store-options":{"https://host/*":{"trust-insecure":true,"http-auth":"x"},"/srv/s[a-z]*e":{"uncompressed":true}}}',
      '{\n"s3-credentials":{"https://a":{"access-key":"k"}},\n"store-options":{"a?\\\\*":null}\n}\n',
    ),
  split: splitLines,
  check(input) {
    let seen = "";
    // Absolute, as the place where a relative path begins is nobody's to know here.
    const { storeOptions = {} } = parseConfiguration(input, "/home/me/config.json");
    for (const pattern of Object.keys(storeOptions)) {
      if (!pattern.includes(":") && !pattern.startsWith("/")) continue;
      for (const location of LOCATIONS) seen += patternMatches(pattern, location) ? "+" : ".";
    }
    return seen.slice(0, 8);
  },
};
