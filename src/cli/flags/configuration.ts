/** Options of `config`. */
import { toggle } from "./flag.ts";

export const write = toggle({
  names: ["-w", "--write"],
  description: "write the configuration to its file, with its secrets and readable by its owner only",
});
