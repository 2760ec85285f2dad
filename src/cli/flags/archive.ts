/** Options of commands that read archives, and of those that write them too. */
import { toggle } from "./flag.ts";

export const index = toggle({
  names: ["-i", "--index"],
  description: "the archive is an index (.caidx) with its chunks in the stores",
});

export const makeIndex = toggle({
  names: ["-i", "--index"],
  description: "write an index (.caidx), and the archive's chunks to the store",
});

export const noTime = toggle({ names: ["--no-time"], description: "omit times" });
