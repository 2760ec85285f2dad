/** Options about the way to stores and indexes that are not on this machine. */
import { type Flag, option, toggle } from "./flag.ts";
import { countOrAdaptive, duration, timeLimit, wholeNumber } from "./go_values.ts";
import { text } from "./texts.ts";

export const concurrency = option({
  names: ["-n", "--concurrency"],
  value: "number",
  description: "maximum concurrent requests, ssh sessions and threads",
  parse: countOrAdaptive,
  fallbackText: "adaptive",
});

export const errorRetry = option({
  names: ["-e", "--error-retry"],
  value: "number",
  description: "attempts per request in total, when the network or a server fails",
  parse: wholeNumber(0),
  fallbackText: "3",
});

export const errorRetryBaseInterval = option({
  names: ["-b", "--error-retry-base-interval"],
  value: "time",
  description: "delay before the first retry; each further retry adds as much again",
  parse: (text) => Math.max(0, duration(text)),
  fallbackText: "500ms",
});

export const timeout = option({
  names: ["--timeout"],
  value: "time",
  description:
    "fail a request after this much silence, or less than 100 bytes a second for as long; 0 disables the timeout",
  parse: timeLimit,
  fallbackText: "1m",
});

export const caCert = option({
  names: ["--ca-cert"],
  value: "file",
  description: "trust only the certificate authorities in this file",
  parse: text,
});

export const clientCert = option({
  names: ["--client-cert"],
  value: "file",
  description: "client certificate for TLS servers",
  parse: text,
});

export const clientKey = option({
  names: ["--client-key"],
  value: "file",
  description: "private key of the client certificate",
  parse: text,
});

export const trustInsecure: Flag<boolean | undefined> = {
  ...toggle({
    names: ["-t", "--trust-insecure"],
    description: "accept any certificate of a server, also one of an impostor, who then sees passwords",
  }),
  fallback: undefined,
};

export const sshBuiltin = toggle({
  names: ["--ssh-builtin"],
  description:
    "connect to ssh:// and sftp:// stores without the ssh program (uses the agent, key files and known_hosts)",
});

/** All of them, for commands that read from stores or indexes. */
export const NETWORK_FLAGS = {
  concurrency,
  errorRetry,
  errorRetryBaseInterval,
  timeout,
  caCert,
  clientCert,
  clientKey,
  trustInsecure,
  sshBuiltin,
};
