/** A configuration as the text of its file, byte for byte as desync 1.0.4 writes it. */
import { isPath } from "../../stores/location.ts";
import { type Configuration, OCI_KEYS, S3_KEYS, SECRET_KEYS, STORE_KEYS } from "./configuration.ts";

/** Stands for a secret. */
const HIDDEN = "…";

/** What holds in an entry that does not set it. */
const DEFAULTS = { "error-retry": 3, "error-retry-base-interval": 500_000_000, uncompressed: false };

/** The text, with or without its secrets, which are passwords in locations as well. */
export function configurationText(
  { s3Credentials, ociCredentials, storeOptions }: Configuration,
  { secrets }: { readonly secrets: boolean },
): string {
  const section = <Entry extends object>(
    entries: Readonly<Record<string, Entry>> | undefined,
    keys: object,
    defaults: object = {},
  ) => entries === undefined ? null : sectionOf(entries, Object.keys(keys), defaults, secrets);
  const json = JSON.stringify(
    {
      "s3-credentials": section(s3Credentials, S3_KEYS),
      ...ociCredentials === undefined ? {} : { "oci-credentials": section(ociCredentials, OCI_KEYS) },
      "store-options": section(storeOptions, STORE_KEYS, DEFAULTS),
    },
    null,
    2,
  );
  // As Go escapes them.
  const escape = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replaceAll(/[<>&\u2028\u2029]/g, escape);
}

function sectionOf<Entry extends object>(
  entries: Readonly<Record<string, Entry>>,
  keys: readonly string[],
  defaults: object,
  secrets: boolean,
): object {
  const sorted = Object.entries(entries).sort(([a], [b]) => a < b ? -1 : 1);
  const shown = new Map<string, object>();
  for (const [location, entry] of sorted) {
    const values = new Map<string, unknown>(Object.entries({ ...defaults, ...entry }));
    const fields = keys.filter((key) => key === "uncompressed" || isSet(values.get(key))).map((key) =>
      [key, !secrets && SECRET_KEYS.has(key) ? HIDDEN : values.get(key)] as const
    );
    let name = secrets ? location : withoutSecrets(location);
    // Without them, two may be the same.
    while (shown.has(name)) name += HIDDEN;
    shown.set(name, Object.fromEntries(fields));
  }
  return Object.fromEntries(shown);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== "" && value !== false && value !== 0;
}

/** A `?` of a pattern may stand for any character, but also begin a query. */
function withoutSecrets(location: string): string {
  if (isPath(location)) return location;
  return location.replace(/^([^/]*\/\/)[^/]*@/, (_, scheme: string) => `${scheme}${HIDDEN}@`)
    .replace(/([?#]).+$/s, (_, mark: string) => `${mark}${HIDDEN}`);
}
