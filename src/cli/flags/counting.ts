/** Options about what is counted of an index, and how it is printed. */
import { choice, list, option } from "./flag.ts";
import { commaList, text } from "./texts.ts";

export const seed = list({
  names: ["--seed"],
  value: "index",
  description:
    "also compare with the chunks of this index (or index:blob); may be repeated or comma-separated",
  parse: commaList,
});

export const chunksInfo = option({
  names: ["--chunks-info"],
  value: "file",
  description: "read compressed sizes from this output of inspect-chunks",
  parse: text,
});

export const format = choice({
  names: ["-f", "--format"],
  value: "format",
  description: "plain or json",
  words: ["plain", "json"],
  fallback: "json",
});
