/** What stores and indexes a command line uses, for options that are set by their locations. */
import { redactLocation } from "../deno/schemes.ts";
import { isPath, parseLocation } from "../stores/location.ts";
import type { Command } from "./commands.ts";
import { index, makeIndex } from "./flags/archive.ts";
import { seed } from "./flags/counting.ts";
import { ignore } from "./flags/storing.ts";
import type { Flag } from "./flags/flag.ts";
import {
  cache,
  indexStore,
  localStore,
  sourceStore,
  stores,
  targetCache,
  targetStore,
} from "./flags/stores.ts";
import type { GivenFlags } from "./parse/given_flags.ts";

/** A location, as desync looks it up. */
export interface UsedLocation {
  readonly displayName: string;
  readonly location: string;
}

/** Options that name one store. */
const ONE_STORE = [targetStore, sourceStore, localStore, indexStore, cache, targetCache];

/** Those of a command line. */
export function usedLocations(command: Command, words: readonly string[], given: GivenFlags): UsedLocation[] {
  const args = Object.values(command.args);
  const named = (...names: string[]) =>
    words.filter((_, i) => names.includes(args[Math.min(i, args.length - 1)].name));
  // Archives that are read as files need no store, whatever else was said.
  const flags: Flag<unknown>[] = Object.values(command.flags);
  const needsIndex = flags.includes(index) || flags.includes(makeIndex);
  const ofStores = needsIndex && !given.get(index) && !given.get(makeIndex) ? [] : [
    ...(given.get(stores) ?? []).flatMap(parseLocation),
    ...ONE_STORE.flatMap((flag) => given.get(flag) ?? []),
    ...named("store"),
  ];
  const indexes = [...named("index", "archive"), ...given.get(seed) ?? [], ...given.get(ignore) ?? []];
  return [
    ...ofStores.map((location) => ({ displayName: `the store ${redactLocation(location)}`, location })),
    // The options are those of the place where an index lies; files of this machine have none.
    ...indexes.filter((location) => !isPath(location)).map((location) => ({
      displayName: redactLocation(location),
      location: location.slice(0, location.lastIndexOf("/")),
    })),
  ];
}
