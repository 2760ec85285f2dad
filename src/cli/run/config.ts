/** `desync config` */
import { mkdirSync } from "node:fs";
import { dirname } from "../../deno/system/paths.ts";
import { isNotFound, namedFileError } from "../../deno/files/file_errors.ts";
import { writeWhole } from "../../deno/output/write_whole.ts";
import { setUmask } from "../../deno/system/permitted.ts";
import type { Args, Flags } from "../commands/config.ts";
import type { Configuration } from "../configuration/configuration.ts";
import { configurationText } from "../configuration/configuration_text.ts";
import { defaultConfigurationPath, readConfiguration } from "../configuration/read_configuration.ts";
import { DONE } from "../exit_status.ts";
import { print, warn } from "../output/output.ts";

/** Prints the configuration, or writes it. */
export async function run(_args: Args, flags: Flags, signal: AbortSignal): Promise<number> {
  const path = flags.config ?? defaultConfigurationPath();
  const isNew = !exists(path);
  const configuration: Configuration = isNew && (flags.write || flags.config === undefined)
    ? { path }
    : await readConfiguration(path, signal) ?? { path };
  if (!flags.write) {
    const text = configurationText(configuration, { secrets: false });
    print(`${text}\n`);
    if (text !== configurationText(configuration, { secrets: true })) warn("secrets are not shown");
    return DONE;
  }
  const text = `${configurationText(configuration, { secrets: true })}\n`;
  if (isNew) await writePrivate(path, text, signal);
  else await writeWhole(path, () => [new TextEncoder().encode(text)], { signal });
  print(`Writing config to ${path}\n`);
  return DONE;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    // Reading it says what else is wrong.
    return !isNotFound(error);
  }
}

/** Readable by its owner alone from the start, where this may be asked of the system; its directory is made too. */
async function writePrivate(path: string, text: string, signal: AbortSignal): Promise<void> {
  const before = setUmask(0o077);
  try {
    makeDirectory(dirname(path), path);
    await writeWhole(path, () => [new TextEncoder().encode(text)], { signal });
  } finally {
    if (before !== undefined) setUmask(before);
  }
  if (Deno.build.os !== "windows") Deno.chmodSync(path, 0o600);
}

function makeDirectory(directory: string, forFile: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw namedFileError("write", forFile, error);
  }
}
