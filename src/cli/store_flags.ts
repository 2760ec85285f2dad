/** The command line's options of stores and those of the configuration, as options of each location. */
import { type Affordable, affordable } from "../deno/files/open_files.ts";
import { isPath } from "../stores/location.ts";
import type { StoreOptions } from "../stores/store_options.ts";
import type { Configuration, StoreEntry } from "./configuration/configuration.ts";
import { configuredCipher, configuredOptions, configuredS3 } from "./configuration/configured_options.ts";
import type { Values } from "./flags/flag.ts";
import { LONGEST_MS } from "./flags/go_values.ts";
import type { NETWORK_FLAGS } from "./flags/network.ts";
import type { noSync } from "./flags/output.ts";
import type { stores } from "./flags/stores.ts";

/** How stores and indexes are reached. */
export type StoreFlags =
  & Partial<Values<typeof NETWORK_FLAGS>>
  & Partial<Values<{ stores: typeof stores; noSync: typeof noSync }>>
  & { readonly configuration?: Configuration };

/** Attempts in total, as in desync. */
const ATTEMPTS = 3;
const BASE_INTERVAL_MS = 500;

/**
 * Gives the options of a location: those of the command line, for all the same, before those that the configuration has
 * for it. Throws `usage` when several of its patterns match, and for an encryption without a valid key.
 */
export function optionsByLocation(flags: StoreFlags): (location: string) => StoreOptions {
  let share: Affordable | undefined;
  const connections = () => {
    share ??= affordable();
    return Math.max(1, Math.floor(share.connections / Math.max(1, flags.stores?.length ?? 0)));
  };
  return (location) => {
    const configured = configuredOptions(flags.configuration, location);
    const encryption = configuredCipher(configured, location, flags.configuration?.path ?? "");
    const options = { ...merged(flags, configured), encryption };
    if (isPath(location)) return options;
    return { ...options, connections: connections(), s3: configuredS3(flags.configuration, location) };
  };
}

/** 0 sets nothing, and -1 has the program adapt, which it does by itself. */
function countOf(n: number | undefined): number | undefined {
  return n === undefined || n < 1 ? undefined : n;
}

function merged(flags: StoreFlags, configured: StoreEntry): StoreOptions {
  const attempts = flags.errorRetry ?? configured["error-retry"] ?? ATTEMPTS;
  const interval = flags.errorRetryBaseInterval ?? milliseconds(configured["error-retry-base-interval"]) ??
    BASE_INTERVAL_MS;
  const file = flags.configuration?.path;
  return {
    concurrency: flags.concurrency ?? countOf(configured.n),
    // The option counts all tries, and 0 is as good as 1.
    retry: { retries: Math.max(0, attempts - 1), baseIntervalMs: interval },
    idleTimeoutMs: flags.timeout ?? timeoutOf(configured.timeout),
    caCert: flags.caCert ?? (configured["ca-cert"] || undefined),
    clientCert: flags.clientCert ?? (configured["client-cert"] || undefined),
    clientKey: flags.clientKey ?? (configured["client-key"] || undefined),
    namedIn: {
      caCert: flags.caCert === undefined ? file : undefined,
      clientCert: flags.clientCert === undefined && configured["client-cert"] ? file : undefined,
      clientKey: flags.clientKey === undefined && configured["client-key"] ? file : undefined,
    },
    trustInsecure: flags.trustInsecure ?? configured["trust-insecure"],
    httpAuth: configured["http-auth"] || undefined,
    httpCookie: configured["http-cookie"] || undefined,
    uncompressed: configured.uncompressed,
    sshBuiltin: flags.sshBuiltin,
    sync: !flags.noSync,
  };
}

/** As in desync: 0 is the default, and what is negative for ever. */
function timeoutOf(nanoseconds: number | undefined): number | undefined {
  if (nanoseconds === undefined || nanoseconds === 0) return undefined;
  return nanoseconds < 0 ? LONGEST_MS : Math.min(nanoseconds / 1e6, LONGEST_MS);
}

function milliseconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : Math.min(nanoseconds / 1e6, LONGEST_MS);
}
