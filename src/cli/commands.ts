/** What commands there are, as the help of the program lists them. */
import type { Definition } from "./command.ts";

/** A command as the help lists it. */
interface Entry {
  readonly name: string;
  readonly group: "Blobs and indexes" | "Stores" | "Archives" | "Other";
  readonly summary: string;
  /** Loads the rest. Most runs need that of one command, and a start costs what it loads. */
  readonly definition: () => Promise<Definition>;
}

/** A command with all that is known of it. */
export type Command = Entry & Definition;

/** Every command, in the order of the help. */
export const COMMANDS: readonly Entry[] = [
  {
    name: "extract",
    group: "Blobs and indexes",
    summary: "build a blob from an index and stores",
    definition: async () => (await import("./commands/extract.ts")).extract,
  },
  {
    name: "make",
    group: "Blobs and indexes",
    summary: "cut a file into chunks and write its index",
    definition: async () => (await import("./commands/make.ts")).make,
  },
  {
    name: "chop",
    group: "Blobs and indexes",
    summary: "store the chunks of a file that an index lists",
    definition: async () => (await import("./commands/chop.ts")).chop,
  },
  {
    name: "cache",
    group: "Stores",
    summary: "copy the chunks of indexes between stores",
    definition: async () => (await import("./commands/cache.ts")).cache,
  },
  {
    name: "cat",
    group: "Blobs and indexes",
    summary: "write a blob, or a part of it, in order",
    definition: async () => (await import("./commands/cat.ts")).cat,
  },
  {
    name: "tar",
    group: "Archives",
    summary: "pack a directory into an archive",
    definition: async () => (await import("./commands/tar.ts")).tar,
  },
  {
    name: "untar",
    group: "Archives",
    summary: "unpack an archive, or parts of it, into a directory",
    definition: async () => (await import("./commands/untar.ts")).untar,
  },
  {
    name: "mtree",
    group: "Archives",
    summary: "print what is in an archive in the mtree format",
    definition: async () => (await import("./commands/mtree.ts")).mtree,
  },
  {
    name: "list",
    group: "Archives",
    summary: "list what is in an archive",
    definition: async () => (await import("./commands/list.ts")).list,
  },
  {
    name: "verify",
    group: "Stores",
    summary: "check every chunk of a store",
    definition: async () => (await import("./commands/verify.ts")).verify,
  },
  {
    name: "list-chunks",
    group: "Blobs and indexes",
    summary: "print the ids of an index's chunks",
    definition: async () => (await import("./commands/list_chunks.ts")).listChunks,
  },
  {
    name: "info",
    group: "Blobs and indexes",
    summary: "count chunks and bytes of an index",
    definition: async () => (await import("./commands/info.ts")).info,
  },
  {
    name: "inspect-chunks",
    group: "Blobs and indexes",
    summary: "list an index's chunks with their sizes as JSON",
    definition: async () => (await import("./commands/inspect_chunks.ts")).inspectChunks,
  },
  {
    name: "verify-index",
    group: "Blobs and indexes",
    summary: "check whether a file matches an index",
    definition: async () => (await import("./commands/verify_index.ts")).verifyIndex,
  },
  {
    name: "chunk",
    group: "Blobs and indexes",
    summary: "show where a file would be cut",
    definition: async () => (await import("./commands/chunk.ts")).chunk,
  },
  {
    name: "prune",
    group: "Stores",
    summary: "remove chunks that no index needs from a store",
    definition: async () => (await import("./commands/prune.ts")).prune,
  },
  {
    name: "pull",
    group: "Stores",
    summary: "serve chunks over standard input and output, for ssh clients",
    definition: async () => (await import("./commands/pull.ts")).pull,
  },
  {
    name: "completion",
    group: "Other",
    summary: "print a shell completion script",
    definition: async () => (await import("./commands/completion.ts")).completion,
  },
  {
    name: "manpage",
    group: "Other",
    summary: "print the manual page, or write it to a directory",
    definition: async () => (await import("./commands/manpage.ts")).manpage,
  },
  {
    name: "version",
    group: "Other",
    summary: "print the versions of the program and what it runs on",
    definition: async () => (await import("./commands/version.ts")).version,
  },
];

/** The command of that name, if there is one. */
export async function findCommand(name: string): Promise<Command | undefined> {
  const entry = COMMANDS.find((entry) => entry.name === name);
  return entry === undefined ? undefined : await whole(entry);
}

/** All commands. */
export async function allCommands(): Promise<Command[]> {
  return await Promise.all(COMMANDS.map(whole));
}

async function whole(entry: Entry): Promise<Command> {
  return { ...entry, ...await entry.definition() };
}
