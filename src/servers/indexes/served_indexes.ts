/** The indexes that a server sends and replaces: each as a whole, one replacement of a name after the other. */
import { toHex } from "../../core/bytes.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { type Index, serializeIndex } from "../../formats/index/index.ts";
import { IndexParser } from "../../formats/index/index_parser.ts";
import {
  type IndexStore,
  namingIndex,
  takesIndexes,
  type WritableIndexStore,
} from "../../stores/index_store.ts";
import { Limiter } from "../../stores/wrappers/limiter.ts";
import { type Content, contentOf, matchesAny } from "../content.ts";
import type { ServerRequest } from "../handler.ts";
import { BodyMemory } from "../request_body.ts";
import { SharedRequests } from "../shared_requests.ts";
import { plainAnswer, Refused } from "../statuses.ts";

/** How indexes are read and stored. */
export interface ServedIndexesOptions {
  /** Take uploads, which replace the index of that name. Default: they are refused. */
  readonly writable?: boolean;
  /** How the store writes a name: `encodeURIComponent` for one behind a URL. Default: as it is. */
  readonly encodeName?: (name: string) => string;
  /** Bytes of uploads that may be in memory; beyond that, clients get 503. Default: 256 MiB. */
  readonly memoryBytes?: number;
}

const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024;

/** Indexes that are read at a time: each is in memory. */
const MOST_READS = 16;

/** What is said with every index: it may be replaced at any time. */
const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/octet-stream",
  "accept-ranges": "bytes",
  "cache-control": "no-cache",
};

/** The indexes of one store. */
export class ServedIndexes {
  readonly #store: IndexStore;
  readonly #writable: WritableIndexStore | undefined;
  readonly #encodeName: (name: string) => string;
  readonly #limit: number;
  readonly #bodies: BodyMemory;
  readonly #places = new Limiter({ start: MOST_READS, max: MOST_READS });
  readonly #reads = new SharedRequests<Content | null>();
  /** The bytes of each name that were read last, as long as they are in use. */
  readonly #last = new Map<string, { readonly etag: string; readonly buffer: WeakRef<ArrayBuffer> }>();
  /** The last replacement of each name that is being replaced. */
  readonly #writes = new Map<string, Promise<void>>();

  /** Throws `usage` when indexes cannot be written to a store that has to be writable. */
  constructor(store: IndexStore, options: ServedIndexesOptions = {}) {
    this.#store = store;
    if (options.writable) {
      if (!takesIndexes(store)) {
        const reason = "nothing can be written to the store";
        throw new DesyncError("usage", { action: "take uploads of", subject: "indexes", reason });
      }
      this.#writable = store;
    }
    this.#encodeName = options.encodeName ?? ((name) => name);
    this.#limit = options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
    this.#bodies = new BodyMemory(this.#limit);
  }

  /** Whether uploads are taken. */
  get writable(): boolean {
    return this.#writable !== undefined;
  }

  /**
   * The index of that name, `null` when there is none. One that was replaced before this call is never seen: a call
   * while it is read waits for the next reading.
   */
  async get(name: string, signal?: AbortSignal): Promise<Content | null> {
    return await this.#reads.getNext(name, (stop) => this.#read(name, stop), signal);
  }

  /** Replaces the index of that name by the body, if the request's conditions hold. Throws `Refused` otherwise. */
  async replace(name: string, request: ServerRequest): Promise<void> {
    const store = this.#writable;
    if (store === undefined) {
      throw new Refused(plainAnswer(400, "writing to upstream index store is not enabled"));
    }
    const parser = new IndexParser();
    const take = (piece: Uint8Array) => checked(() => parser.push(piece));
    await this.#bodies.withBody(request, { limit: this.#limit, take }, async () => {
      const index: Index = checked(() => parser.finish());
      await this.#afterOthers(name, async () => {
        await store.check(this.#encodeName(name)).catch(refuseConflict);
        await this.#checkConditions(name, request);
        await store.write(this.#encodeName(name), index);
      });
    });
  }

  /** Resolves when nothing is read or replaced. */
  async idle(): Promise<void> {
    await this.#reads.idle();
    while (this.#writes.size > 0) await Promise.allSettled(this.#writes.values());
  }

  async #read(name: string, signal?: AbortSignal): Promise<Content | null> {
    try {
      const read = () => this.#store.read(this.#encodeName(name), { signal });
      const index = await namingIndex(`the index ${name}`, () => this.#places.run(read, () => undefined));
      const bytes = serializeIndex(index);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      return this.#shared(name, contentOf(bytes, `"${toHex(digest)}"`, HEADERS));
    } catch (error) {
      if (error instanceof DesyncError && error.code === "missing-file") return null;
      throw error;
    }
  }

  /** The content, with the bytes of an answer that slow clients have not yet taken, if they are the same. */
  #shared(name: string, content: Content): Content {
    const last = this.#last.get(name);
    const buffer = last?.etag === content.etag ? last.buffer.deref() : undefined;
    if (buffer !== undefined) return contentOf(new Uint8Array(buffer), content.etag, HEADERS);
    this.#last.set(name, { etag: content.etag, buffer: new WeakRef(content.bytes.buffer) });
    return content;
  }

  async #checkConditions(name: string, { header }: ServerRequest): Promise<void> {
    const [match, noneMatch] = [header("if-match"), header("if-none-match")];
    if (match === undefined && noneMatch === undefined) return;
    const current = await this.#read(name);
    const holds = (match === undefined || (current !== null && matchesAny(match, current.etag))) &&
      (noneMatch === undefined || current === null || !matchesAny(noneMatch, current.etag));
    if (!holds) throw new Refused(plainAnswer(412, "the index is not as the request expects it"));
  }

  /** Runs the work after all that was begun before for the name. */
  async #afterOthers(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#writes.get(name);
    const mine = (async () => {
      await before?.catch(() => {});
      await work();
    })();
    this.#writes.set(name, mine);
    try {
      await mine;
    } finally {
      if (this.#writes.get(name) === mine) this.#writes.delete(name);
    }
  }
}

/** Throws `Refused` when the name is taken, else the error. */
function refuseConflict(error: unknown): never {
  if (!(error instanceof DesyncError) || error.code !== "usage") throw error;
  throw new Refused(plainAnswer(409, "the store has something else than an index of that name"));
}

/** What `parse` returns. Throws `Refused` when the body is something else than an index. */
function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Refused(plainAnswer(415, `the body is ${messageOf(error)}`));
  }
}
