/** Options that name stores and caches, each for what a command does with its store. */
import { list, option, toggle } from "./flag.ts";
import { commaList, someText, text } from "./texts.ts";

export const stores = list({
  names: ["-s", "--store"],
  value: "location",
  description:
    "store to take chunks from: a directory, an http(s) or an ssh URL; several (repeated, or with commas between) are asked in order; a comma in a name is written as in '\"a,b\"'",
  parse: commaList,
});

export const targetStore = option({
  names: ["-s", "--store"],
  value: "directory",
  description: "store that gets the chunks it lacks",
  parse: someText,
});

export const sourceStore = option({
  names: ["-s", "--store"],
  value: "directory",
  description: "store to look into for how many bytes each chunk takes there",
  parse: someText,
});

export const localStore = option({
  names: ["-s", "--store"],
  value: "directory",
  description: "the store, a directory of this machine",
  parse: someText,
});

export const cache = option({
  names: ["-c", "--cache"],
  value: "directory",
  description: "store that is asked first and gets what the others deliver",
  parse: text,
});

export const targetCache = option({
  names: ["-c", "--cache"],
  value: "directory",
  description: "store that gets the chunks it lacks",
  parse: text,
});

export const cacheRepair = toggle({
  names: ["-r", "--cache-repair"],
  description: "replace invalid chunks in the cache instead of failing",
});

/** Where the commands that read a blob or an archive take its chunks from. */
export const SOURCE_FLAGS = { stores, cache, cacheRepair };
