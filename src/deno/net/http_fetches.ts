/** Connections to web servers, shared by the locations that have the same options. */
import type { Fetch } from "../../stores/http/http_client.ts";
import { limitsFor } from "../../stores/wrappers/limiter.ts";
import type { StoreOptions } from "../../stores/store_options.ts";
import { makeHttpFetch } from "./http_fetch.ts";
import { isOpenToOthers } from "./user_files.ts";

/** Makes a fetch for each set of options. Disposing of it closes their connections. */
export class HttpFetches implements Disposable {
  readonly #made = new Map<string, Fetch & Disposable>();
  readonly #warn: (text: string) => void;
  readonly #openKeys = new Set<string>();

  /** `warn` is called once for each private key that others can read. */
  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /** The fetch of a location with these options. */
  for(options: StoreOptions): Fetch {
    const { caCert, clientCert, clientKey, namedIn, trustInsecure = false } = options;
    const connections = limitsFor(options).max;
    const key = JSON.stringify([caCert, clientCert, clientKey, trustInsecure, connections]);
    const made = this.#made.get(key) ??
      makeHttpFetch({ caCert, clientCert, clientKey, namedIn, trustInsecure, connections });
    this.#made.set(key, made);
    if (clientKey !== undefined) this.#checkKey(clientKey);
    return made;
  }

  #checkKey(file: string): void {
    if (this.#openKeys.has(file) || !isOpenToOthers(file)) return;
    this.#openKeys.add(file);
    this.#warn(`${file} has a private key, and others can read it (chmod 600 ${file})`);
  }

  [Symbol.dispose](): void {
    for (const fetch of this.#made.values()) fetch[Symbol.dispose]();
  }
}
