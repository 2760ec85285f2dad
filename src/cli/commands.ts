/**
 * What commands there are: their words for the help, their options, and where the work is. A command's own file is
 * loaded only when it runs, so that the help is quick.
 */
import { type FlagName, type FlagValues, REMOTE_FLAGS } from "./flags.ts";

/** Runs a command. Returns the exit status. */
export type Run = (args: readonly string[], flags: FlagValues, signal: AbortSignal) => Promise<number>;

/** One command. */
export interface CommandSpec {
  readonly name: string;
  /** As commander takes them: `<index> <output>`. */
  readonly args: string;
  readonly summary: string;
  readonly description: string;
  readonly flags: readonly FlagName[];
  readonly examples: readonly string[];
  readonly load: () => Promise<{ run: Run }>;
}

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "extract",
    args: "<index> <output>",
    summary: "build a blob from an index and stores",
    description:
      `Builds the blob that an index describes, out of chunks from one or more stores. The index may be a file,
"-" for standard input, or an http(s) URL. The blob is built beside the output and renamed over it when it
is complete and verified; with -k the output itself is written to.`,
    flags: ["stores", "cache", "cacheRepair", "inPlace", "printStats", "progress", ...REMOTE_FLAGS],
    examples: [
      "desync extract -s /mnt/store image.caibx image.raw",
      "desync extract -s https://example.com/store -c /var/cache/desync image.caibx image.raw",
      "desync extract -s /mnt/store -k image.caibx /dev/sdb1",
    ],
    load: () => import("./commands/extract.ts"),
  },
  {
    name: "verify",
    args: "",
    summary: "check every chunk of a store",
    description:
      `Reads every chunk of a local store and checks it against its id. Invalid chunks are printed, one a line;
with -r they are removed. Ends with status 1 when an invalid chunk is left, with 3 when all were removed.`,
    flags: ["localStore", "repair", "concurrency", "progress"],
    examples: ["desync verify -s /mnt/store", "desync verify -r -s /var/cache/desync"],
    load: () => import("./commands/verify.ts"),
  },
  {
    name: "list-chunks",
    args: "<index>",
    summary: "print the ids of an index's chunks",
    description:
      "Prints the ids of all chunks, one a line, in the order of the blob, repeated ones included.",
    flags: [...REMOTE_FLAGS],
    examples: ["desync list-chunks image.caibx"],
    load: () => import("./commands/list_chunks.ts"),
  },
  {
    name: "info",
    args: "<index>",
    summary: "count chunks and bytes of an index",
    description:
      `Prints how many chunks an index has, their sizes, and how many of them are in the stores (-s), in the cache
(-c), and in other indexes (--seed).`,
    flags: ["stores", "cache", "seed", "format", ...REMOTE_FLAGS],
    examples: ["desync info -s /mnt/store image.caibx", "desync info -f plain --seed old.caibx new.caibx"],
    load: () => import("./commands/info.ts"),
  },
];
