/** Options about delta files. */
import { DEFAULT_DELTA_LEVEL } from "../../deno/delta_level.ts";
import { option, toggle } from "./flag.ts";
import { wholeNumber } from "./go_values.ts";

export const deltaLevel = option({
  names: ["--level"],
  value: "number",
  description: "zstd compression level, 1 (fast) to 22 (small)",
  parse: wholeNumber(1, 22),
  fallback: DEFAULT_DELTA_LEVEL,
});

export const deltaAlways = toggle({
  names: ["--always"],
  description: "write the delta even if it takes 90% or more of what the chunks take",
});
