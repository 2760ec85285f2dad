/**
 * desync's configuration file. What it says about stores is not done yet, and ignoring it would write chunks in the
 * clear that shall be encrypted: a command whose stores or indexes it concerns is refused.
 */
import { join } from "node:path";
import { DesyncError } from "../errors.ts";
import { foreignText, quotedText } from "../foreign_text.ts";
import { isNotFound } from "../deno/file_errors.ts";
import { environment, mayRead } from "../deno/permitted.ts";
import { readWhole } from "../deno/read_whole.ts";
import type { Command } from "./command.ts";
import { index, makeIndex } from "./flags/archive.ts";
import { seed } from "./flags/counting.ts";
import type { Flag } from "./flags/flag.ts";
import { ignore } from "./flags/filling.ts";
import { config } from "./flags/global.ts";
import { cache, localStore, sourceStore, stores, targetCache, targetStore } from "./flags/stores.ts";
import type { GivenFlags } from "./given_flags.ts";
import { redactLocation } from "../deno/schemes.ts";
import { isPath } from "../stores/location.ts";
import { parseStoreOptions, patternMatches } from "./store_options.ts";

/** No configuration is larger. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads the file of `--config`, or desync's own where there is one. Throws `missing-file` or `io` when it cannot be
 * read, `usage` when it is not a configuration, and `unsupported` when it has options for what the command uses.
 */
export async function checkConfiguration(
  command: Command,
  words: readonly string[],
  given: GivenFlags,
  signal: AbortSignal,
): Promise<void> {
  const path = given.get(config) ?? usualPlace();
  if (path === undefined) return;
  const bytes = await readWhole(path, `the configuration file ${path}`, MAX_BYTES, signal);
  const storeOptions = parseStoreOptions(bytes, path);
  if (storeOptions.length === 0) return;
  for (const { shown, location } of used(command, words, given)) {
    for (const [pattern, options] of storeOptions) {
      const names = Object.entries(options).filter(([, value]) =>
        value !== null && value !== false && value !== ""
      )
        .map(([name]) => name);
      if (names.length === 0 || !patternMatches(pattern, location)) continue;
      throw new DesyncError("unsupported", {
        action: "use",
        subject: shown,
        reason: `${path} sets ${foreignText(names.join(", "))} for it (store-options ${
          quotedText(redactLocation(pattern))
        }), which is not supported yet`,
        hint: "give the options on the command line, and another file with --config",
      });
    }
  }
}

/** Where desync looks for it, whatever XDG_CONFIG_HOME says; `undefined` when nothing is there, or may not be read. */
function usualPlace(): string | undefined {
  const home = Deno.build.os === "windows"
    ? environment("HOMEDRIVE") + environment("HOMEPATH")
    : environment("HOME");
  const path = join(home, ".config", "desync", "config.json");
  if (!mayRead(path)) return undefined;
  try {
    Deno.statSync(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    // Reading it says why it cannot be had.
  }
  return path;
}

/** What a command uses, as desync looks it up. */
interface Used {
  readonly shown: string;
  readonly location: string;
}

/** Options that name one store. */
const ONE_STORE = [targetStore, sourceStore, localStore, cache, targetCache];

function used(command: Command, words: readonly string[], given: GivenFlags): Used[] {
  const args = Object.values(command.args);
  const named = (...names: string[]) =>
    words.filter((_, i) => names.includes(args[Math.min(i, args.length - 1)].name));
  // Archives that are read as files need no store, whatever else was said.
  const flags: Flag<unknown>[] = Object.values(command.flags);
  const needsIndex = flags.includes(index) || flags.includes(makeIndex);
  const ofStores = needsIndex && !given.get(index) && !given.get(makeIndex) ? [] : [
    ...given.get(stores) ?? [],
    ...ONE_STORE.flatMap((flag) => given.get(flag) ?? []),
    ...named("store"),
  ];
  const indexes = [...named("index", "archive"), ...given.get(seed) ?? [], ...given.get(ignore) ?? []];
  return [
    ...ofStores.map((location) => ({ shown: `the store ${redactLocation(location)}`, location })),
    // The options are those of the place where an index lies; files of this machine have none.
    ...indexes.filter((location) => !isPath(location)).map((location) => ({
      shown: redactLocation(location),
      location: location.slice(0, location.lastIndexOf("/")),
    })),
  ];
}
