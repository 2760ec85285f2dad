/** A store as a service far away has it: everything takes a while, in no order, and nothing is a file. */
import type { ChunkId, StoredChunk, StoredForm } from "../../../src/core/chunk.ts";
import type { VerifiedChunk } from "../../../src/codec/open_chunk.ts";
import { interrupted } from "../../../src/core/errors.ts";
import type { LimiterOptions } from "../../../src/stores/wrappers/limiter.ts";
import type {
  ListedChunk,
  ManagedChunkStore,
  PutResult,
  RemoveOptions,
  RequestOptions,
  StoreProperties,
} from "../../../src/stores/store.ts";
import { Random } from "../random.ts";

/** How {@linkcode RemoteStore} behaves. */
export interface RemoteStoreOptions {
  /** In messages. */
  readonly location?: string;
  readonly concurrency?: LimiterOptions;
  /** The longest that a request takes. */
  readonly delayMs?: number;
}

/** The requests that a {@linkcode RemoteStore} counts. */
export type RemoteRequest = "get" | "has" | "storedSize" | "put" | "touch" | "list" | "remove";

/** Chunks by form and id, which can be written, listed page by page, and removed. */
export class RemoteStore implements ManagedChunkStore {
  readonly properties: StoreProperties;
  /** Requests so far. */
  readonly requests: Record<RemoteRequest, number> = {
    get: 0,
    has: 0,
    storedSize: 0,
    put: 0,
    touch: 0,
    list: 0,
    remove: 0,
  };
  /** Concurrent requests, and bytes of them, now and at most. */
  readonly underWay = { requests: 0, bytes: 0, mostRequests: 0, mostBytes: 0 };
  readonly #objects = new Map<string, Uint8Array>();
  readonly #delayMs: number;
  readonly #random = new Random(5);

  constructor({ location = "remote://store", concurrency, delayMs = 2 }: RemoteStoreOptions = {}) {
    this.properties = { location, concurrency, probe: "cheap" };
    this.#delayMs = delayMs;
  }

  /** The names of what is there, as `<id>` or `<id>.cacnk`, sorted. */
  get names(): string[] {
    return [...this.#objects.keys()].sort();
  }

  /** Puts anything there, as something else might. */
  plant(id: ChunkId, { form, bytes }: StoredChunk): void {
    this.#objects.set(nameOf(id, form), bytes.slice());
  }

  get(id: ChunkId, options?: RequestOptions): Promise<StoredChunk | null> {
    return this.#request("get", options, 0, () => {
      for (const form of FORMS) {
        const bytes = this.#objects.get(nameOf(id, form));
        if (bytes !== undefined) return { form, bytes: bytes.slice() };
      }
      return null;
    });
  }

  has(id: ChunkId, options?: RequestOptions): Promise<boolean> {
    return this.#request("has", options, 0, () => this.#formOf(id) !== undefined);
  }

  storedSize(id: ChunkId, options?: RequestOptions): Promise<number | null> {
    return this.#request("storedSize", options, 0, () => {
      const form = this.#formOf(id);
      return form === undefined ? null : this.#objects.get(nameOf(id, form))!.length;
    });
  }

  put({ id, stored }: VerifiedChunk, options?: RequestOptions): Promise<PutResult> {
    const storedBytes = stored.bytes.length;
    return this.#request("put", options, storedBytes, () => {
      this.plant(id, stored);
      return { storedBytes };
    });
  }

  touch(_id: ChunkId, options?: RequestOptions): Promise<void> {
    return this.#request("touch", options, 0, () => {});
  }

  async *list(options: RequestOptions = {}): AsyncGenerator<ListedChunk[], void> {
    const names = this.names;
    for (let from = 0; from < names.length; from += PAGE) {
      const page = await this.#request("list", options, 0, () => names.slice(from, from + PAGE));
      yield page.flatMap((name): ListedChunk[] => {
        const bytes = this.#objects.get(name);
        const form = name.endsWith(".cacnk") ? "compressed" : "plain";
        return bytes === undefined ? [] : [{ id: name.slice(0, 64), form, storedBytes: bytes.length }];
      });
    }
  }

  remove(id: ChunkId, { form, ...options }: RemoveOptions = {}): Promise<void> {
    return this.#request("remove", options, 0, () => {
      for (const one of FORMS) if (form === undefined || form === one) this.#objects.delete(nameOf(id, one));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #formOf(id: ChunkId): StoredForm | undefined {
    return FORMS.find((form) => this.#objects.has(nameOf(id, form)));
  }

  async #request<T>(
    name: RemoteRequest,
    { signal }: RequestOptions = {},
    bytes: number,
    answer: () => T,
  ): Promise<T> {
    this.requests[name]++;
    const { underWay } = this;
    underWay.mostRequests = Math.max(underWay.mostRequests, ++underWay.requests);
    underWay.mostBytes = Math.max(underWay.mostBytes, underWay.bytes += bytes);
    try {
      await delay(this.#random.below(this.#delayMs + 1), signal);
      return answer();
    } finally {
      underWay.requests--;
      underWay.bytes -= bytes;
    }
  }
}

const FORMS: readonly StoredForm[] = ["compressed", "plain"];
/** Names in one answer of a list. */
const PAGE = 3;

function nameOf(id: ChunkId, form: StoredForm): string {
  return form === "compressed" ? `${id}.cacnk` : id;
}

async function delay(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) throw interrupted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      reject(interrupted());
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
}
