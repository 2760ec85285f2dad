/** Options of commands that serve chunks to others. */
import { toggle } from "./flag.ts";

export const allowUrl = toggle({
  names: ["--allow-url"],
  description: "also serve a store that is a URL; not safe if the ssh client can choose it",
});
