/** Opens stores, indexes and files by their locations, whatever their scheme. */
import { DesyncError, type ErrorCode, messageOf } from "../core/errors.ts";
import type { Index } from "../formats/index/index.ts";
import type { ByteSource } from "./byte_source.ts";
import { type IndexStore, namingIndex, takesIndexes, type WritableIndexStore } from "./index_store.ts";
import { isPath, parseIndexLocation, parseLocation, PATH, placeOf, schemeOf } from "./location.ts";
import { redactLocation } from "./redact.ts";
import { encryptedStore } from "./wrappers/encrypted_store.ts";
import { type Failover, FailoverGroup } from "./wrappers/failover.ts";
import { limitsFor } from "./wrappers/limiter.ts";
import { retriedBytes } from "./wrappers/retried_bytes.ts";
import { retriedIndexes } from "./wrappers/retried_indexes.ts";
import { DEFAULT_RETRY, retryStore } from "./wrappers/retry.ts";
import { wrapStore } from "./wrappers/wrap.ts";
import { type Opener, type Purpose, type Scheme, type SchemeContext, unknownScheme } from "./scheme.ts";
import {
  type ChunkStore,
  type ManagedChunkStore,
  managesChunks,
  type StoreProperties,
  takesChunks,
  type WritableChunkStore,
} from "./store.ts";
import type { StoreOptions } from "./store_options.ts";

/** What can be opened. */
type Kind = Exclude<keyof Opener, symbol>;

/** What a path is called among what can be opened. */
const PATHS: Record<Kind, string> = {
  openChunks: "a directory",
  openIndexes: "a file",
  openBytes: "a file",
};

/**
 * Everything that is opened by it retries as the options of its location say, but for what is on this machine, which gets
 * no better by trying. To be disposed of when all that it opened is closed.
 */
export class Registry implements AsyncDisposable {
  readonly #schemes: readonly Scheme[];
  readonly #context: SchemeContext;
  readonly #optionsOf: (location: string) => StoreOptions;
  readonly #openers = new Map<Scheme, Promise<Opener>>();

  /** `optionsOf` gives the options of each location. */
  constructor(
    schemes: readonly Scheme[],
    context: SchemeContext,
    optionsOf: (location: string) => StoreOptions = () => ({}),
  ) {
    this.#schemes = schemes;
    this.#context = context;
    this.#optionsOf = optionsOf;
  }

  /** The location without what must not be seen. */
  redact(location: string): string {
    return redactLocation(this.#schemes, location);
  }

  /**
   * A store to read, or a group of them, `a|b`, each with the options of its location. Throws `usage` for an invalid
   * location.
   */
  async openGroup(text: string, options?: StoreOptions): Promise<ChunkStore> {
    const locations = parseLocation(text);
    if (locations.length === 1) return await this.openChunks(text, options);
    if (locations.some((location) => location.trim() === "")) {
      throw new DesyncError("usage", {
        action: "open",
        subject: `the stores "${this.redact(text)}"`,
        reason: "a group has an empty member",
        hint: "write it as a|b, without | at its ends",
      });
    }
    await using opened = new AsyncDisposableStack();
    const members: ChunkStore[] = [];
    for (const location of locations) {
      const member = await this.openChunks(location, options);
      opened.defer(member[Symbol.asyncDispose].bind(member));
      members.push(member);
    }
    const group = new FailoverGroup(members, { onFailover: reportFailovers(this.#context) });
    opened.move();
    return group;
  }

  /** A store. Options given here come before those of the location. */
  async openChunks(location: string, options?: StoreOptions): Promise<ChunkStore> {
    const { openChunks } = await this.#opener(location);
    if (openChunks === undefined) throw await this.#unknown("openChunks", "open", "the store ", location);
    const all = { ...this.#optionsOf(location), ...options };
    const store = encrypted(await openChunks(location, all), all);
    const form: StoreProperties["form"] = all.uncompressed ? "plain" : undefined;
    if (isPath(location)) {
      return form === undefined ? store : wrapStore(store, (send) => send(), { ...store.properties, form });
    }
    const concurrency = store.properties.concurrency ?? limitsFor(all);
    const known = { ...store.properties, concurrency, form };
    return retryStore(store, all.retry ?? DEFAULT_RETRY, known);
  }

  /** A store to add chunks to, made if that can be done. Throws `unsupported` for others, with the purpose. */
  async openWritable(
    location: string,
    purpose: Purpose,
    options?: StoreOptions,
  ): Promise<WritableChunkStore> {
    const members = parseLocation(location);
    if (members.length > 1 && !members.every(isPath)) throw readOnlyGroup(purpose);
    const { openChunks } = await this.#opener(location);
    if (openChunks === undefined) {
      const { subject } = purpose;
      throw (await this.#unknown("openChunks", purpose.action, "", location)).with({ subject });
    }
    const store = await this.openChunks(location, { create: true, ...options });
    if (takesChunks(store)) return store;
    await store[Symbol.asyncDispose]();
    const reason = `writing to ${schemeOf(location)}:// stores is not supported`;
    throw new DesyncError("unsupported", { hint: "use a directory", ...purpose, reason });
  }

  /** A store to list and to remove chunks from. Throws `usage` for others; `action` is for its message. */
  async openManaged(location: string, action: string): Promise<ManagedChunkStore> {
    const { openChunks } = await this.#opener(location);
    if (openChunks === undefined) throw await this.#unknown("openChunks", action, "", location);
    const store = await this.openChunks(location);
    if (managesChunks(store)) return store;
    await store[Symbol.asyncDispose]();
    const subject = this.redact(location);
    const reason = "its chunks cannot be listed from here";
    const hint = "run this on the machine that has the store";
    throw new DesyncError("usage", { action, subject, reason, hint });
  }

  /** The index at the location. Throws `invalid-index` with its name for something else. */
  async readIndex(location: string, options?: { readonly signal?: AbortSignal }): Promise<Index> {
    const { store, name } = parseIndexLocation(location);
    const redacted = this.redact(location);
    // The user has named it, and may have named a pipe.
    const indexes = await this.#openIndexes(store, location, "read", "the index ", { pipes: true });
    return await namingIndex(`the index ${redacted}`, () => indexes.read(name, options));
  }

  /** Where an index is to be written, and its name there. Throws `usage` for what takes none. */
  async openIndexTarget(
    location: string,
    options?: StoreOptions,
  ): Promise<{ readonly store: WritableIndexStore; readonly name: string }> {
    const { store, name } = parseIndexLocation(location);
    const { openIndexes } = await this.#opener(store);
    const more = { pipes: true, ...options };
    const indexes = openIndexes && await this.#openIndexes(store, location, "write", "", more);
    if (indexes !== undefined && takesIndexes(indexes)) return { store: indexes, name };
    if (openIndexes === undefined) throw await this.#unknown("openIndexes", "write", "", location);
    const reason = `writing indexes to ${schemeOf(location)}:// is not supported`;
    throw new DesyncError("usage", { action: "write", subject: this.redact(location), reason });
  }

  /** A place that has indexes. Throws `usage` for one that has none. */
  async openIndexStore(location: string): Promise<IndexStore> {
    return await this.#openIndexes(location, location, "open", "the indexes in ");
  }

  /** The file at the location. */
  async openBytes(location: string): Promise<ByteSource> {
    const { openBytes } = await this.#opener(location);
    if (openBytes === undefined) throw await this.#unknown("openBytes", "read", "", location);
    const options = this.#optionsOf(placeOf(location));
    const bytes = await openBytes(location, options);
    return isPath(location) ? bytes : retriedBytes(bytes, options.retry ?? DEFAULT_RETRY);
  }

  async #openIndexes(
    store: string,
    location: string,
    action: string,
    what: string,
    more?: StoreOptions,
  ): Promise<IndexStore> {
    const { openIndexes } = await this.#opener(store);
    if (openIndexes === undefined) throw await this.#unknown("openIndexes", action, what, location);
    const place = store === location ? store : placeOf(location);
    const options = { ...this.#optionsOf(place), ...more };
    if (options.encryption !== undefined) {
      throw new DesyncError("usage", {
        action,
        subject: `${what}${this.redact(location)}`,
        reason: "the options of its place ask for encryption, and indexes are never encrypted",
        hint: "keep indexes elsewhere",
      });
    }
    const indexes = await openIndexes(store, options);
    return isPath(store) ? indexes : retriedIndexes(indexes, options.retry ?? DEFAULT_RETRY);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const loading of this.#openers.values()) {
      const opener = await loading;
      opener[Symbol.dispose]?.();
      await opener[Symbol.asyncDispose]?.();
    }
  }

  /** What opens the location: nothing at all where its scheme is not known. */
  async #opener(location: string): Promise<Opener> {
    const name = schemeOf(location);
    const scheme = this.#schemes.find(({ names }) => names.includes(name));
    return scheme === undefined ? {} : await this.#load(scheme);
  }

  #load(scheme: Scheme): Promise<Opener> {
    let opener = this.#openers.get(scheme);
    if (opener === undefined) {
      opener = scheme.load?.(this.#context) ?? Promise.resolve({});
      this.#openers.set(scheme, opener);
    }
    return opener;
  }

  async #unknown(kind: Kind, action: string, what: string, location: string): Promise<DesyncError> {
    const known: string[] = [];
    for (const scheme of this.#schemes) {
      if ((await this.#load(scheme))[kind] === undefined) continue;
      known.push(...scheme.names.map((name) => name === PATH ? PATHS[kind] : `${name}://`));
    }
    const words = known.join(", ").replace(/, ([^,]*)$/, " or $1");
    const subject = `${what}${this.redact(location)}`;
    return unknownScheme(this.#schemes, { action, subject }, location, words);
  }
}

/** The store with its chunks encrypted, if the options say so and it has not done that by itself. */
function encrypted(store: ChunkStore, { encryption }: StoreOptions): ChunkStore {
  if (encryption === undefined || store.properties.encryption === encryption.key) return store;
  return encryptedStore(store, encryption);
}

/** Warns when a member of a group fails, once for each: in a server they may fail and come back for long. */
function reportFailovers({ warn }: SchemeContext): (failover: Failover) => void {
  const reported = new Set<string>();
  return ({ error, failed, active }) => {
    if (reported.has(failed)) return;
    reported.add(failed);
    warn(`${messageOf(error)} (continuing with ${active})`);
  };
}

/** The error for a group of stores that was named to be written. */
export function readOnlyGroup(purpose: Purpose): DesyncError {
  const reason = "a group of stores is only read";
  return new DesyncError("usage", { ...purpose, reason, hint: "name one of its stores" });
}

/** The error for a store that only a directory could be. */
export function notADirectory(code: ErrorCode, purpose: Purpose): DesyncError {
  return new DesyncError(code, { ...purpose, reason: "it is not a directory of this machine" });
}
