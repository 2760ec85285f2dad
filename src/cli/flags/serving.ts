/** Options of commands that serve chunks to others. */
import { toggle } from "./flag.ts";

export const allowUrl = toggle({
  names: ["--allow-url"],
  description: "serve a store that is a URL, too; not where the ssh client may choose it",
});
