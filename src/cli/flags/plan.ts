/** Options about what a command would do. */
import { option, optionalChoice, toggle } from "./flag.ts";
import { byteCount } from "./go_values.ts";

/** The forms of a plan: the first is that without a word. */
const FORMS = ["text", "json", "svg", "html"] as const;

export type PlanForm = typeof FORMS[number];

export const plan = optionalChoice({
  names: ["--plan"],
  words: FORMS,
  description:
    "print what an update would fetch from each source, before anything is fetched; --plan=json for programs, --plan=svg and --plan=html draw it",
});

export const dryRunPlan = optionalChoice({
  names: ["--dry-run"],
  words: FORMS,
  description:
    "print what would be fetched, copied and written, without doing it; --dry-run=json, =svg and =html as with info --plan",
});

export const byPath = toggle({
  names: ["--by-path"],
  description: "with --plan, for the index of an archive: also list the 30 paths that cost most",
});

export const rate = option({
  names: ["--rate"],
  value: "bytes",
  description: "bytes a second (such as 10M), to print how long fetching would take",
  parse: byteCount,
});
