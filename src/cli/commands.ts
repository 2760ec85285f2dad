/** What commands there are, as the help of the program lists them. */
import type { Definition } from "./command.ts";

/** A command as the help lists it. */
interface Entry {
  readonly name: string;
  readonly group: "Blobs and indexes" | "Stores" | "Archives" | "Other";
  readonly summary: string;
}

/** A command with all that is known of it. */
export type Command = Entry & Definition;

/** Every command, in the order of the help. */
export const COMMANDS: readonly Entry[] = [
  {
    name: "extract",
    group: "Blobs and indexes",
    summary: "build a blob from an index and stores",
  },
  {
    name: "make",
    group: "Blobs and indexes",
    summary: "cut a file into chunks and write its index",
  },
  {
    name: "chop",
    group: "Blobs and indexes",
    summary: "store the chunks of a file that an index lists",
  },
  {
    name: "delta",
    group: "Blobs and indexes",
    summary: "write what a new version has and an old one lacks to a delta file",
  },
  {
    name: "cache",
    group: "Stores",
    summary: "copy the chunks of indexes between stores",
  },
  {
    name: "cat",
    group: "Blobs and indexes",
    summary: "write a blob, or a part of it, in order",
  },
  {
    name: "tar",
    group: "Archives",
    summary: "pack a directory into an archive",
  },
  {
    name: "untar",
    group: "Archives",
    summary: "unpack an archive, or parts of it, into a directory",
  },
  {
    name: "mtree",
    group: "Archives",
    summary: "print what is in an archive in the mtree format",
  },
  {
    name: "list",
    group: "Archives",
    summary: "list what is in an archive",
  },
  {
    name: "verify",
    group: "Stores",
    summary: "check every chunk of a store",
  },
  {
    name: "list-chunks",
    group: "Blobs and indexes",
    summary: "print the ids of an index's chunks",
  },
  {
    name: "info",
    group: "Blobs and indexes",
    summary: "count chunks and bytes of an index",
  },
  {
    name: "inspect-chunks",
    group: "Blobs and indexes",
    summary: "list an index's chunks with their sizes as JSON",
  },
  {
    name: "verify-index",
    group: "Blobs and indexes",
    summary: "check whether a file matches an index",
  },
  {
    name: "chunk",
    group: "Blobs and indexes",
    summary: "show where a file would be cut",
  },
  {
    name: "prune",
    group: "Stores",
    summary: "remove chunks that no index needs from a store",
  },
  {
    name: "pull",
    group: "Stores",
    summary: "serve chunks over standard input and output, for ssh clients",
  },
  {
    name: "chunk-server",
    group: "Stores",
    summary: "serve chunks over HTTP",
  },
  {
    name: "index-server",
    group: "Stores",
    summary: "serve indexes over HTTP",
  },
  {
    name: "config",
    group: "Other",
    summary: "print the configuration, or write it",
  },
  {
    name: "completion",
    group: "Other",
    summary: "print a shell completion script",
  },
  {
    name: "manpage",
    group: "Other",
    summary: "print the manual page, or write it to a directory",
  },
  {
    name: "version",
    group: "Other",
    summary: "print the versions of the program and what it runs on",
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
  return { ...entry, ...await definitionOf(entry.name) };
}

type Load = () => Promise<{ readonly definition: Definition }>;

let included: Readonly<Record<string, Load>> = {};

/** Gives the definitions of commands by the names of their files: for a program that has no other files. */
export function includeCommands(commands: Readonly<Record<string, Load>>): void {
  included = commands;
}

/**
 * Loads the definition of a command. Most runs need that of one, and a start costs what it loads: without this
 * repository's deno.json, as from a URL, Deno reads every file that an import names before the program begins, also where
 * that import may never run. So this one names none; `.ci/compile.ts` puts the files into executables.
 */
async function definitionOf(name: string): Promise<Definition> {
  const file = `${name.replaceAll("-", "_")}.ts`;
  const load: Load = included[file] ?? (() => import(new URL(`./commands/${file}`, import.meta.url).href));
  return (await load()).definition;
}
