/** Options that name stores and caches, each for what a command does with its store. */
import { list, option, toggle } from "./flag.ts";
import { commaList, someText, text } from "./texts.ts";

export const stores = list({
  names: ["-s", "--store"],
  value: "location",
  description:
    "store to read chunks from: a directory, an http(s), s3+http(s), sftp or ssh URL; several (repeated or comma-separated) are searched in order; in a group, 'a|b', the next store is used when one fails; quote a name with a comma: '\"a,b\"'",
  parse: commaList,
});

export const targetStore = option({
  names: ["-s", "--store"],
  value: "location",
  description: "store to add missing chunks to: a directory, an http(s), s3+http(s) or sftp URL",
  parse: someText,
});

export const sourceStore = option({
  names: ["-s", "--store"],
  value: "location",
  description: "store to read compressed sizes from",
  parse: someText,
});

export const localStore = option({
  names: ["-s", "--store"],
  value: "location",
  description: "the store: a directory, an s3+http(s) or an sftp URL",
  parse: someText,
});

export const indexStore = option({
  names: ["-s", "--store"],
  value: "location",
  description: "where the indexes are: a directory, an http(s), s3+http(s) or sftp URL",
  parse: someText,
});

export const cache = option({
  names: ["-c", "--cache"],
  value: "location",
  description:
    "store that is searched first and filled with chunks from the others: a directory, an http(s), s3+http(s) or sftp URL",
  parse: text,
});

export const targetCache = option({
  names: ["-c", "--cache"],
  value: "location",
  description: "store to add missing chunks to: a directory, an http(s), s3+http(s) or sftp URL",
  parse: text,
});

export const cacheRepair = toggle({
  names: ["-r", "--cache-repair"],
  description: "replace invalid chunks in the cache instead of failing",
});

/** Where the commands that read a blob or an archive take its chunks from. */
export const SOURCE_FLAGS = { stores, cache, cacheRepair };
