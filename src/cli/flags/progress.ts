/** How a command says how far it is. */
import { choice } from "./flag.ts";

export const progress = choice({
  names: ["--progress"],
  value: "mode",
  description:
    "auto (a bar on a terminal), bar, lines (desync's format for programs), json (a line per second) or none",
  words: ["auto", "bar", "lines", "json", "none"],
  fallback: "auto",
});

/** The ways to show it. */
export type ProgressMode = typeof progress.fallback;
