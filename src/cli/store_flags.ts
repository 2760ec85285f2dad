/** The command line's options of stores, as options of each location. */
import { type Affordable, affordable } from "../deno/files/open_files.ts";
import { isPath } from "../stores/location.ts";
import type { StoreOptions } from "../stores/store_options.ts";
import type { Values } from "./flags/flag.ts";
import type { NETWORK_FLAGS } from "./flags/network.ts";
import type { noSync } from "./flags/output.ts";
import type { stores } from "./flags/stores.ts";

/** How stores and indexes are reached. */
export type StoreFlags =
  & Values<typeof NETWORK_FLAGS>
  & Partial<Values<{ stores: typeof stores; noSync: typeof noSync }>>;

/** Gives the options of a location: those of the command line, for all the same. */
export function optionsByLocation(flags: StoreFlags): (location: string) => StoreOptions {
  const { concurrency, timeout, caCert, clientCert, clientKey, sshBuiltin, noSync = false } = flags;
  const options: StoreOptions = {
    concurrency,
    // As in desync the option counts all tries, and 0 is as good as 1.
    retry: { retries: Math.max(0, flags.errorRetry - 1), baseIntervalMs: flags.errorRetryBaseInterval },
    idleTimeoutMs: timeout,
    caCert,
    clientCert,
    clientKey,
    sshBuiltin,
    sync: !noSync,
  };
  let share: Affordable | undefined;
  const connections = () => {
    share ??= affordable();
    return Math.max(1, Math.floor(share.connections / Math.max(1, flags.stores?.length ?? 0)));
  };
  return (location) => isPath(location) ? options : { ...options, connections: connections() };
}
