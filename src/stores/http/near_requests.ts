/** Whether and how workers request the chunks of a web server by themselves. */
import type { StoredForm } from "../../core/chunk.ts";
import { onAbort } from "../../core/on_abort.ts";
import type { NearFailure, NearHttpRequest, NearStore, NearTurn } from "../store.ts";
import type { NearServer } from "./http_client.ts";

/** The first answer is waited for no longer, in milliseconds. A server that takes so long is not near. */
const PATIENCE_MS = 20;
/** One in so many tasks may be slow, and one more. */
const MOST_SLOW = 8;

/** What is asked of the store. */
interface NearStoreOptions {
  /** The server, once it is known. */
  readonly server: () => NearServer | undefined;
  /** Workers are about to have connections of their own. */
  readonly begin: () => void;
  /** The directory of the chunks. */
  readonly base: URL;
  readonly suffix?: string;
  /** The form that the store had last. */
  readonly form: () => StoredForm;
}

/** What is known of one store. */
export class NearRequests implements NearStore {
  found = false;
  readonly #options: NearStoreOptions;
  readonly #answered = Promise.withResolvers<void>();
  #isAsked = false;
  #isOver = false;
  #tasks = 0;
  #slow = 0;
  #forgetTime = () => {};

  constructor(options: NearStoreOptions) {
    this.#options = options;
  }

  async turn<T>(
    { hold }: NearTurn,
    work: (request: NearHttpRequest) => Promise<T>,
  ): Promise<T | undefined> {
    if (!this.#isAsked) {
      // The caller's own requests are to show whether the server is near.
      this.#isAsked = true;
      // Not setTimeout, which takes 4 ms to load.
      this.#forgetTime = onAbort(AbortSignal.timeout(PATIENCE_MS), () => this.#answered.resolve());
      return undefined;
    }
    // Before a place is taken: those requests need some.
    await this.#answered.promise;
    if (!this.isNear) return undefined;
    return await hold(async (connections) => {
      const request = this.#request(connections);
      return request && await work(request);
    });
  }

  #request(connections: number): NearHttpRequest | undefined {
    const server = this.#server;
    if (server === undefined) return undefined;
    this.#options.begin();
    const { base, suffix, form } = this.#options;
    return {
      kind: "http",
      ...server,
      directory: base.pathname,
      form: form(),
      suffix,
      search: base.search,
      connections,
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get isNear(): boolean {
    return this.#server !== undefined;
  }

  get #server(): NearServer | undefined {
    return this.#isOver ? undefined : this.#options.server();
  }

  /** The store has answered a request of the main thread. */
  answered(): void {
    this.#forgetTime();
    this.#answered.resolve();
  }

  report(failure: NearFailure | undefined): void {
    this.#tasks++;
    if (failure === "slow") this.#slow++;
    // A server may pause now and then. Whatever else it was, the main thread has the words and the patience for it.
    if (failure === "unusual" || MOST_SLOW * this.#slow > this.#tasks + MOST_SLOW) this.#isOver = true;
  }
}
