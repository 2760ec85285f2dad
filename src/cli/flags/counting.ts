/** Options about what is counted of an index, and how it is printed. */
import { choice, list, option } from "./flag.ts";
import { commaList, text } from "./texts.ts";

export const seed = list({
  names: ["--seed"],
  value: "index",
  description: "count the chunks that this index has too; may be repeated, or several with commas between",
  parse: commaList,
});

export const chunksInfo = option({
  names: ["--chunks-info"],
  value: "file",
  description: "what inspect-chunks wrote, to count compressed bytes",
  parse: text,
});

export const format = choice({
  names: ["-f", "--format"],
  value: "format",
  description: "plain or json",
  words: ["plain", "json"],
  fallback: "json",
});
