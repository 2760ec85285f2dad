/** Which options the configuration has for a location. */
import { resolve } from "node:path";
import { DesyncError } from "../../core/errors.ts";
import { foreignText, quotedText } from "../../core/foreign_text.ts";
import { redactLocation } from "../../deno/schemes.ts";
import { isPath } from "../../stores/location.ts";
import type { S3KeyOptions } from "../../stores/store_options.ts";
import { goMatches } from "../inputs/go_pattern.ts";
import type { Configuration, StoreEntry } from "./configuration.ts";

/** Keys that are known and not supported yet. */
const UNSUPPORTED: readonly (keyof StoreEntry)[] = [
  "encryption",
  "encryption-key",
  "encryption-algorithm",
];

/**
 * The options under the one pattern that matches the location. Throws `usage` when several match, and `unsupported` when
 * they are more than this program can do.
 */
export function configuredOptions(configuration: Configuration | undefined, location: string): StoreEntry {
  if (configuration?.storeOptions === undefined) return {};
  const matching = Object.entries(configuration.storeOptions)
    .filter(([pattern]) => patternMatches(pattern, location));
  const subject = redactLocation(location);
  const names = matching.map(([pattern]) => quotedText(redactLocation(pattern)));
  if (matching.length > 1) {
    throw new DesyncError("usage", {
      action: "use",
      subject,
      reason: `several entries of store-options in ${configuration.path} match it: ${names.join(", ")}`,
    });
  }
  const [[, options]] = matching.length === 0 ? [["", {} as StoreEntry]] as const : matching;
  const unsupported = UNSUPPORTED.filter((key) => options[key]);
  if (unsupported.length > 0) {
    throw new DesyncError("unsupported", {
      action: "use",
      subject,
      reason: `${configuration.path} sets ${foreignText(unsupported.join(", "))} for it (store-options ${
        names[0]
      }), which is not supported yet`,
      hint: "give the options on the command line, and another file with --config",
    });
  }
  return options;
}

/** The credentials for the server of an S3 location. */
export function configuredS3(
  configuration: Configuration | undefined,
  location: string,
): S3KeyOptions | undefined {
  const [, scheme, host] = /^s3\+(https?):\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(location) ?? [];
  if (configuration?.s3Credentials === undefined || scheme === undefined) return undefined;
  const key = `${scheme.toLowerCase()}://${host}`;
  if (!Object.hasOwn(configuration.s3Credentials, key)) return undefined;
  const entry = configuration.s3Credentials[key];
  return {
    accessKey: entry["access-key"] || undefined,
    secretKey: entry["secret-key"] || undefined,
    credentialsFile: entry["aws-credentials-file"] || undefined,
    profile: entry["aws-profile"] || undefined,
    region: entry["aws-region"] || undefined,
  };
}

/** Whether the options under that pattern are those of the location. */
export function patternMatches(pattern: string, location: string): boolean {
  if (!isPath(location)) {
    return goMatches(pattern.replace(/\/$/, ""), location.replace(/\/$/, ""), "/");
  }
  return goMatches(resolve(pattern), resolve(location), Deno.build.os === "windows" ? "\\" : "/");
}
