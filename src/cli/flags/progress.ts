/** How a command says how far it is. */
import { choice } from "./flag.ts";

export const progress = choice({
  names: ["--progress"],
  value: "mode",
  description:
    "auto (a bar on a terminal), bar, lines (as desync writes for programs), json (a line a second) or none",
  words: ["auto", "bar", "lines", "json", "none"],
  fallback: "auto",
});

/** The ways to show it. */
export type ProgressMode = typeof progress.fallback;
