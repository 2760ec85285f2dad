/** Options of commands that look after a store: what goes, and what stays. */
import { list, toggle } from "./flag.ts";
import { one } from "./texts.ts";

export const keepChunks = list({
  names: ["--keep-chunks"],
  value: "file",
  description: "keep the chunks whose ids this file lists; may be repeated",
  parse: one,
});

export const yes = toggle({ names: ["-y", "--yes"], description: "do not ask for confirmation" });

export const dryRun = toggle({
  names: ["--dry-run"],
  description: "report what would be removed, without removing it",
});

export const repair = toggle({
  names: ["-r", "--repair"],
  description: "remove invalid chunks from the store",
});
