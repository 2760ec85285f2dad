/** What a scheme of locations is: how its URLs are shown, and what opens them. */
import { DesyncError } from "../core/errors.ts";
import type { ByteSource } from "./byte_source.ts";
import type { IndexStore } from "./index_store.ts";
import { schemeOf } from "./location.ts";
import type { ChunkStore } from "./store.ts";
import type { StoreOptions } from "./store_options.ts";

/** One scheme, or several that are opened alike. */
export interface Scheme {
  /** What its URLs begin with, in small letters; `PATH` for paths. */
  readonly names: readonly string[];
  /** The location without what must not be seen. */
  redact(location: string): string;
  /** Loads what opens its locations; a scheme without it is known, and not supported yet. */
  load?(context: SchemeContext): Promise<Opener>;
}

/** What a scheme gets from the program. */
export interface SchemeContext {
  /** Takes what the user should know. */
  warn(text: string): void;
}

/**
 * Opens locations of one scheme, given as they were typed: what is secret in them must not get into `properties.location`
 * and errors. None of it retries, which the registry does; what it cannot open it does not have. Disposed of, it closes what
 * those that it opened share, when they are all closed.
 */
export interface Opener extends Partial<Disposable & AsyncDisposable> {
  /** A store of chunks. Nothing is requested from another machine yet. */
  openChunks?(location: string, options: StoreOptions): Promise<ChunkStore>;
  /** A store of indexes. */
  openIndexes?(location: string, options: StoreOptions): Promise<IndexStore>;
  /** A file. */
  openBytes?(location: string, options: StoreOptions): Promise<ByteSource>;
}

/** What a location is opened for, in the words of an error. */
export interface Purpose {
  /** Such as `read`. */
  readonly action: string;
  /** Such as `the index https://example.com/x.caibx`, without what is secret. */
  readonly subject: string;
  /** What to do instead where it cannot be done. */
  readonly hint?: string;
}

/** The error for a location that cannot be used so. `known` are those that can. */
export function unknownScheme(
  schemes: readonly Scheme[],
  purpose: Purpose,
  location: string,
  known: string,
): DesyncError {
  const name = schemeOf(location);
  const planned = schemes.some(({ names, load }) => names.includes(name) && load === undefined);
  const state = planned ? "not supported yet" : "not supported";
  return new DesyncError("usage", { ...purpose, reason: `${name}:// is ${state}`, hint: `use ${known}` });
}
