/** What commands there are. */
import type { Command } from "./command.ts";

/**
 * Every command, in the order of the help. What defines it is loaded when it is asked for: most runs need one, and a start
 * costs what it loads.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  extract: async () => (await import("./commands/extract.ts")).extract,
  make: async () => (await import("./commands/make.ts")).make,
  chop: async () => (await import("./commands/chop.ts")).chop,
  cache: async () => (await import("./commands/cache.ts")).cache,
  cat: async () => (await import("./commands/cat.ts")).cat,
  tar: async () => (await import("./commands/tar.ts")).tar,
  untar: async () => (await import("./commands/untar.ts")).untar,
  mtree: async () => (await import("./commands/mtree.ts")).mtree,
  list: async () => (await import("./commands/list.ts")).list,
  verify: async () => (await import("./commands/verify.ts")).verify,
  "list-chunks": async () => (await import("./commands/list_chunks.ts")).listChunks,
  info: async () => (await import("./commands/info.ts")).info,
  "inspect-chunks": async () => (await import("./commands/inspect_chunks.ts")).inspectChunks,
  "verify-index": async () => (await import("./commands/verify_index.ts")).verifyIndex,
  chunk: async () => (await import("./commands/chunk.ts")).chunk,
  prune: async () => (await import("./commands/prune.ts")).prune,
  pull: async () => (await import("./commands/pull.ts")).pull,
  completion: async () => (await import("./commands/completion.ts")).completion,
  manpage: async () => (await import("./commands/manpage.ts")).manpage,
  version: async () => (await import("./commands/version.ts")).version,
};

/** The names of all commands. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

/** The command of that name, if there is one. */
export async function findCommand(name: string): Promise<Command | undefined> {
  return Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]() : undefined;
}

/** All commands. */
export async function allCommands(): Promise<Command[]> {
  return await Promise.all(Object.values(COMMANDS).map((load) => load()));
}
