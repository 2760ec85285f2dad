/**
 * desync's configuration file. What it says about stores is not done yet, and ignoring it would write chunks in the
 * clear that shall be encrypted: a command whose stores or indexes it concerns is refused.
 */
import { join } from "node:path";
import { DesyncError } from "../core/errors.ts";
import { foreignText } from "../core/foreign_text.ts";
import { isNotFound } from "../deno/files/file_errors.ts";
import { environment, mayRead } from "../deno/system/permitted.ts";
import { readWhole } from "../deno/files/read_whole.ts";
import type { Command } from "./commands.ts";
import { config } from "./flags/global.ts";
import type { GivenFlags } from "./parse/given_flags.ts";
import type { UsedLocation } from "./used_locations.ts";
import { parseConfiguredOptions, patternMatches } from "./configured_options.ts";

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
  await checkLocations(given.get(config), signal, async () => {
    const { usedLocations } = await import("./used_locations.ts");
    return usedLocations(command, words, given);
  });
}

/** The same for locations that are not on the command line; `file` is that of `--config`. */
export async function checkLocations(
  file: string | undefined,
  signal: AbortSignal,
  locations: () => Promise<readonly UsedLocation[]>,
): Promise<void> {
  const path = file ?? defaultPath();
  if (path === undefined) return;
  const bytes = await readWhole(path, `the configuration file ${path}`, MAX_BYTES, signal);
  const storeOptions = parseConfiguredOptions(bytes, path);
  if (storeOptions.length === 0) return;
  for (const { displayName: subject, location } of await locations()) {
    for (const { pattern, displayName, options } of storeOptions) {
      const names = namesOfSet(options);
      if (names.length === 0 || !patternMatches(pattern, location)) continue;
      throw new DesyncError("unsupported", {
        action: "use",
        subject,
        reason: `${path} sets ${foreignText(names.join(", "))} for it (store-options ${displayName}), ` +
          "which is not supported yet",
        hint: "give the options on the command line, and another file with --config",
      });
    }
  }
}

/** Names of the options that are set to something. */
function namesOfSet(options: Readonly<Record<string, unknown>>): string[] {
  const isSet = (value: unknown) => value !== null && value !== false && value !== "";
  return Object.entries(options).filter(([, value]) => isSet(value)).map(([name]) => name);
}

/** Where desync looks for it, whatever XDG_CONFIG_HOME says; `undefined` when nothing is there, or may not be read. */
function defaultPath(): string | undefined {
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
