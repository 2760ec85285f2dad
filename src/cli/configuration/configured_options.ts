/** Which options the configuration has for a location. */
import { DesyncError } from "../../core/errors.ts";
import { quotedText } from "../../core/foreign_text.ts";
import type { ChunkCipher } from "../../codec/chunk_cipher.ts";
import { redactLocation } from "../../deno/schemes.ts";
import type { S3KeyOptions } from "../../stores/store_options.ts";
import type { Configuration, StoreEntry } from "./configuration.ts";
import { cipherFrom } from "./encryption_key.ts";
import { patternMatches } from "./store_pattern.ts";

/** The options under the one pattern that matches the location. Throws `usage` when several match. */
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
  return matching[0]?.[1] ?? {};
}

/**
 * What encrypts the chunks of a store with these options, if anything does. Throws `usage` when they name no key, an invalid
 * one, or one that would not be used: nothing is stored unencrypted that should not be.
 */
export function configuredCipher(
  options: StoreEntry,
  location: string,
  file: string,
): ChunkCipher | undefined {
  const { encryption = false, "encryption-algorithm": algorithm = "", "encryption-key": key = "" } = options;
  if (!encryption && algorithm === "" && key === "") return undefined;
  const about = { action: "use", subject: redactLocation(location) };
  if (!encryption) {
    const reason = `${file} sets ${
      key === "" ? "encryption-algorithm" : "encryption-key"
    } for it without encryption`;
    throw new DesyncError("usage", { ...about, reason, hint: 'set "encryption": true as well' });
  }
  return cipherFrom({ algorithm, key }, {
    about,
    missing: `${file} sets encryption for it without a key`,
    algorithmFrom: `encryption-algorithm in ${file}`,
    keyFrom: `encryption-key in ${file}`,
    keyOption: "encryption-key",
  });
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
