/** What desync's configuration file says about stores: patterns of their locations, each with options. */
import { resolve } from "node:path";
import { DesyncError, messageOf } from "../core/errors.ts";
import { quotedText } from "../core/foreign_text.ts";
import { goMatches } from "./inputs/go_pattern.ts";
import { redactLocation } from "../deno/schemes.ts";
import { isPath } from "../stores/location.ts";

/** Options by their names. */
type Fields = Readonly<Record<string, unknown>>;

/** The options of the locations that match a pattern. */
interface ConfiguredOptions {
  readonly pattern: string;
  /** The pattern in messages: quoted, without passwords. */
  readonly displayName: string;
  readonly options: Fields;
}

/** The options that the file sets, pattern by pattern. Throws `usage` when it is not a configuration. */
export function parseConfiguredOptions(bytes: Uint8Array, path: string): ConfiguredOptions[] {
  const invalid = (reason: string) =>
    new DesyncError("usage", { action: "use", subject: `the configuration file ${path}`, reason });
  let config: unknown;
  try {
    config = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    // No more of the reason: it quotes the text, which may be a password.
    const place = / \(line \d+ column \d+\)/.exec(messageOf(error))?.[0] ?? "";
    throw invalid(`invalid JSON${place}`);
  }
  const fieldsOf = (value: unknown, name: string): Fields => {
    if (value === null) return {};
    if (typeof value === "object" && !Array.isArray(value)) return { ...value };
    throw invalid(`${name} is not an object`);
  };
  // Go does not mind the case of names.
  return Object.entries(fieldsOf(config, "it")).flatMap(([name, section]) => {
    const known = SECTIONS.includes(name.toLowerCase());
    const entries = known ? Object.entries(fieldsOf(section, JSON.stringify(name))) : [];
    const checked = entries.map(([pattern, options]): ConfiguredOptions => {
      const displayName = quotedText(redactLocation(pattern));
      return {
        pattern,
        displayName,
        options: fieldsOf(options, `${displayName} in ${JSON.stringify(name)}`),
      };
    });
    return name.toLowerCase() === "store-options" ? checked : [];
  });
}

const SECTIONS: readonly string[] = ["store-options", "s3-credentials", "oci-credentials"];

/** Whether the options under that pattern are those of the location. */
export function patternMatches(pattern: string, location: string): boolean {
  if (!isPath(location)) {
    return goMatches(pattern.replace(/\/$/, ""), location.replace(/\/$/, ""), "/");
  }
  return goMatches(resolve(pattern), resolve(location), Deno.build.os === "windows" ? "\\" : "/");
}
