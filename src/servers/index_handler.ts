/** Indexes over HTTP, as the clients of desync request them. */
import { toHex } from "../core/bytes.ts";
import { DesyncError, messageOf } from "../core/errors.ts";
import { type Index, serializeIndex } from "../formats/index/index.ts";
import { parseIndex } from "../formats/index/index_parser.ts";
import { type IndexStore, takesIndexes, type WritableIndexStore } from "../stores/index_store.ts";
import { answerContent, type Content, contentOf, matchesAny } from "./content.ts";
import type { Handler, ServerRequest, ServerResponse } from "./exchange.ts";
import { parseIndexPath } from "./index_name.ts";
import { BodyMemory, Refused } from "./request_body.ts";
import type { OnProblem } from "./served_chunks.ts";
import { SharedRequests } from "./shared_requests.ts";
import { asProblem, failureAnswer, plainAnswer } from "./statuses.ts";

/** How indexes are served. */
export interface AnswerIndexesOptions {
  /** Take uploads, which replace the index of that name. Default: they are refused. */
  readonly writable?: boolean;
  /** How the store writes a name: `encodeURIComponent` for one behind a URL. Default: as it is. */
  readonly encodeName?: (name: string) => string;
  /** Bytes of uploads that may be in memory; beyond that, clients get 503. Default: 256 MiB. */
  readonly memoryBytes?: number;
  /** Gets each failure that is not the client's. */
  readonly onProblem?: OnProblem;
}

const DEFAULT_MEMORY_BYTES = 256 * 1024 * 1024;

/** Answers GET, HEAD and PUT of `/<name>`. Throws `usage` when the store is to be written and takes nothing. */
export function answerIndexes(store: IndexStore, options: AnswerIndexesOptions = {}): Handler {
  const indexes = new ServedIndexes(store, options);
  const { onProblem = () => {} } = options;
  const allow = options.writable ? "GET, HEAD, PUT" : "GET, HEAD";
  return async (request) => {
    const { method, path } = request;
    if (!["GET", "HEAD", "PUT"].includes(method)) {
      return plainAnswer(405, `the method is not supported, only ${allow}`, { allow });
    }
    const name = parseIndexPath(path);
    if (name === undefined) return plainAnswer(400, "the path is not the name of an index");
    try {
      return method === "PUT" ? await indexes.replace(name, request) : await indexes.read(name, request);
    } catch (error) {
      if (error instanceof Refused) return error.answer;
      onProblem(asProblem(error));
      return failureAnswer(error);
    }
  };
}

/** The indexes of one store. */
class ServedIndexes {
  readonly #store: IndexStore;
  readonly #writable: WritableIndexStore | undefined;
  readonly #encodeName: (name: string) => string;
  readonly #bodies: BodyMemory;
  readonly #reads = new SharedRequests<Content | null>();
  /** The last replacement of each name that is being replaced. */
  readonly #writes = new Map<string, Promise<unknown>>();

  constructor(store: IndexStore, options: AnswerIndexesOptions) {
    this.#store = store;
    if (options.writable) {
      if (!takesIndexes(store)) {
        throw new DesyncError("usage", { reason: "nothing can be written to the store of indexes" });
      }
      this.#writable = store;
    }
    this.#encodeName = options.encodeName ?? ((name) => name);
    this.#bodies = new BodyMemory(options.memoryBytes ?? DEFAULT_MEMORY_BYTES);
  }

  async read(name: string, request: ServerRequest): Promise<ServerResponse> {
    const content = await this.#content(name, request.signal);
    return content === null ? plainAnswer(404, "index not found") : answerContent(request, content);
  }

  async replace(name: string, request: ServerRequest): Promise<ServerResponse> {
    const store = this.#writable;
    if (store === undefined) return plainAnswer(400, "writing to upstream index store is not enabled");
    return await this.#bodies.withBody(request, DEFAULT_MEMORY_BYTES, async (bytes) => {
      let index: Index;
      try {
        index = parseIndex(bytes);
      } catch (error) {
        return plainAnswer(415, `the body is not an index: ${messageOf(error)}`);
      }
      return await this.#inTurn(name, async () => {
        if (!await this.#mayReplace(name, request)) {
          return plainAnswer(412, "the index is another one than the request expects");
        }
        await store.write(this.#encodeName(name), index);
        this.#reads.forget(name);
        return plainAnswer(200, "stored");
      });
    });
  }

  async #content(name: string, signal?: AbortSignal): Promise<Content | null> {
    return await this.#reads.get(name, (stop) => this.#load(name, stop), signal);
  }

  async #load(name: string, signal: AbortSignal): Promise<Content | null> {
    try {
      const bytes = serializeIndex(await this.#store.read(this.#encodeName(name), { signal }));
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      return contentOf(bytes, `"${toHex(digest)}"`, INDEX_HEADERS);
    } catch (error) {
      if (error instanceof DesyncError && error.code === "missing-file") return null;
      throw error;
    }
  }

  async #mayReplace(name: string, { header }: ServerRequest): Promise<boolean> {
    const [match, noneMatch] = [header("if-match"), header("if-none-match")];
    if (match === undefined && noneMatch === undefined) return true;
    const current = await this.#load(name, new AbortController().signal);
    if (match !== undefined && (current === null || !matchesAny(match, current.etag))) return false;
    return noneMatch === undefined || current === null || !matchesAny(noneMatch, current.etag);
  }

  /** Runs the work after what was begun before for the name. */
  async #inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#writes.get(name);
    const mine = (async () => {
      await before?.catch(() => {});
      return await work();
    })();
    this.#writes.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#writes.get(name) === mine) this.#writes.delete(name);
    }
  }
}

const INDEX_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "application/octet-stream",
  "accept-ranges": "bytes",
  "cache-control": "no-cache",
};
