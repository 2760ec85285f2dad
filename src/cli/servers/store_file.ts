/** The file of --store-file: which stores a server has. */
import { readWhole } from "../../deno/files/read_whole.ts";
import { DesyncError } from "../../core/errors.ts";

/** Where chunks come from. */
export interface NamedStores {
  readonly stores: readonly string[];
  readonly cache: string | undefined;
}

const MAX_BYTES = 1024 * 1024;

/** Reads `{"stores": ["location", …], "cache": "location"}`. Throws `missing-file`, `io`, and `usage` for something else. */
export async function readStoreFile(path: string, signal?: AbortSignal): Promise<NamedStores> {
  const subject = `the store file ${path}`;
  const invalid = (reason: string) => new DesyncError("usage", { action: "use", subject, reason });
  const bytes = await readWhole(path, subject, MAX_BYTES, signal);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // No reason: it quotes the text, which may have a password.
    throw invalid("it is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw invalid("it is not an object");
  }
  let [stores, cache]: [unknown, unknown] = [[], undefined];
  // Go does not mind the case of names.
  for (const [name, value] of Object.entries(parsed)) {
    if (name.toLowerCase() === "stores") stores = value ?? [];
    else if (name.toLowerCase() === "cache") cache = value ?? undefined;
    else throw invalid(`${JSON.stringify(name)} is neither "stores" nor "cache"`);
  }
  if (!Array.isArray(stores) || !stores.every(isLocation)) {
    throw invalid('"stores" is not a list of locations');
  }
  if (cache === "") cache = undefined;
  if (cache !== undefined && !isLocation(cache)) throw invalid('"cache" is not a location');
  return { stores, cache };
}

function isLocation(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
