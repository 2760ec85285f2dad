/** What is said of an encrypted store in which nothing was found: the key may be another store's. */
import type { ChunkStore } from "../../stores/store.ts";
import { warn } from "./output.ts";

/** Warns, if the store is encrypted. Whether it is. */
export function warnOfKey({ properties: { location, encryption } }: ChunkStore): boolean {
  if (encryption === undefined) return false;
  warn(`no chunk in ${location} has the key ${encryption.suffix.slice(1)} (is it the right one?)`);
  return true;
}
