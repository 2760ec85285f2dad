/** How many threads commands take that reach no other machine. */
import { option } from "./flag.ts";
import { countOrAdaptive } from "./go_values.ts";

export const threads = option({
  names: ["-n", "--concurrency"],
  value: "number",
  description: "maximum threads",
  parse: countOrAdaptive,
  fallbackText: "one per processor",
});
