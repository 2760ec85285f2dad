/** How a command's options have chunks stored. */
import type { StoringOptions } from "../../deno/store/storing_options.ts";
import type { Values } from "../flags/flag.ts";
import type { compressionLevel, uncompressed } from "../flags/storing.ts";
import type { concurrency } from "../flags/network.ts";
import type { noSync } from "../flags/output.ts";

/** The options. */
type StoringFlags = Values<{
  uncompressed: typeof uncompressed;
  compressionLevel: typeof compressionLevel;
  noSync: typeof noSync;
  concurrency: typeof concurrency;
}>;

/** The same for the functions that store chunks. */
export function storingOptions(flags: StoringFlags): StoringOptions {
  return {
    form: flags.uncompressed ? "plain" : "compressed",
    level: flags.compressionLevel,
    sync: !flags.noSync,
    threads: flags.concurrency,
  };
}
