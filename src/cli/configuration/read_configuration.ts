/** Finds and reads desync's configuration file. */
import { join } from "../../deno/system/paths.ts";
import { isNotFound } from "../../deno/files/file_errors.ts";
import { readWhole } from "../../deno/files/read_whole.ts";
import { environment, mayRead } from "../../deno/system/permitted.ts";
import { warn } from "../output/output.ts";
import { hideSecrets } from "../output/typed_secrets.ts";
import { type Configuration, parseConfiguration, SECRET_KEYS } from "./configuration.ts";

/** No configuration is larger. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads the file of `--config`, or desync's own where there is one; `undefined` without either. Warns of secrets that every
 * user of the machine can read. Throws `missing-file` or `io` when it cannot be read, `usage` when it is not a
 * configuration.
 */
export async function readConfiguration(
  file: string | undefined,
  signal: AbortSignal,
): Promise<Configuration | undefined> {
  const path = file ?? existingDefault();
  if (path === undefined) return undefined;
  const bytes = await readWhole(path, `the configuration file ${path}`, MAX_BYTES, signal);
  const configuration = parseConfiguration(bytes, path);
  const secrets = secretsOf(configuration);
  hideSecrets(secrets);
  if (secrets.length > 0 && isOpen(path)) {
    warn(`${path} has secrets, and others can read it (chmod 600 ${path})`);
  }
  return configuration;
}

/** Where desync looks for it, whatever XDG_CONFIG_HOME says. */
export function defaultConfigurationPath(): string {
  const home = Deno.build.os === "windows"
    ? environment("HOMEDRIVE") + environment("HOMEPATH")
    : environment("HOME");
  return join(home, ".config", "desync", "config.json");
}

/** `undefined` when nothing is there, or may not be read. */
function existingDefault(): string | undefined {
  const path = defaultConfigurationPath();
  if (!mayRead(path)) return undefined;
  try {
    Deno.statSync(path);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    // Reading it says why it cannot be had.
  }
  return path;
}

function isOpen(path: string): boolean {
  if (Deno.build.os === "windows") return false;
  return ((Deno.statSync(path).mode ?? 0) & 0o004) !== 0;
}

/** All that is secret in it: keys and passwords, also those in URLs. */
function secretsOf({ s3Credentials, ociCredentials, storeOptions }: Configuration): string[] {
  const sections = [s3Credentials, ociCredentials, storeOptions].map((section) => section ?? {});
  return sections.flatMap((section) => Object.entries<object>(section)).flatMap(([location, entry]) => {
    const [, user = ""] = /^[a-z][a-z0-9+.-]*:\/\/([^/]*)@/i.exec(location) ?? [];
    const values = Object.entries(entry).filter(([key]) => SECRET_KEYS.has(key)).map(([, value]) =>
      String(value)
    );
    return [user, ...values].filter((secret) => secret !== "");
  });
}
