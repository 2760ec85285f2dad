/** Options about completion by shells. */
import { toggle } from "./flag.ts";

export const noDescriptions = toggle({
  names: ["--no-descriptions"],
  description: "complete without descriptions",
});
