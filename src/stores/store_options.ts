/** How one store, index or file is reached: each location may have its own. */
import type { ChunkCipher } from "../codec/chunk_cipher.ts";
import type { RetryOptions } from "./wrappers/retry.ts";

/** The keys for an S3 service, for a location whose keys are not in the environment. */
export interface S3KeyOptions {
  /** The name of the key. */
  readonly accessKey?: string;
  /** The key itself. */
  readonly secretKey?: string;
  /** File of Amazon's tools with keys. Default: where those have it. */
  readonly credentialsFile?: string;
  /** Which keys of that file. Default: those that `AWS_PROFILE` names, or `default`. */
  readonly profile?: string;
  /** The region of the bucket. Default: what the service says. */
  readonly region?: string;
}

/** Options of a location. What its scheme has no use for is ignored. */
export interface StoreOptions {
  /** Concurrent requests at most; for `ssh://`, sessions. Default: what suits the store. */
  readonly concurrency?: number;
  /** Connections at most that the process can afford for it. Default: any number. */
  readonly connections?: number;
  /** How often and how fast requests are retried. Default: twice, after 0.5 seconds and 1 second. */
  readonly retry?: RetryOptions;
  /** A request fails after this much silence, in milliseconds. Default: one minute. */
  readonly idleTimeoutMs?: number;
  /** No chunk of the store is larger, in bytes uncompressed (an index says so). Default: casync's limit, 128 MiB. */
  readonly maxChunkSize?: number;
  /** Make the directory of a store unless it is there. */
  readonly create?: boolean;
  /** What is written is on the disk before it counts as written, so that no power cut takes it away. Default: true. */
  readonly sync?: boolean;
  /** Read and write indexes also as named pipes and devices, for which the user may have to wait. Default: only files. */
  readonly pipes?: boolean;
  /** File with the authorities that TLS trusts, and no others. */
  readonly caCert?: string;
  /** File with the client certificate for TLS servers. */
  readonly clientCert?: string;
  /** File with the key of that certificate. */
  readonly clientKey?: string;
  /** For messages, the configuration files that name these three. Default: options of the command line do. */
  readonly namedIn?: Partial<Record<"caCert" | "clientCert" | "clientKey", string>>;
  /** Accept any certificate of a TLS server. */
  readonly trustInsecure?: boolean;
  /** Value of the Authorization header for HTTP servers, such as `Bearer TOKEN`. Default: what the URL says. */
  readonly httpAuth?: string;
  /** Value of the Cookie header for HTTP servers. */
  readonly httpCookie?: string;
  /** Keys for S3 services. */
  readonly s3?: S3KeyOptions;
  /** Store chunks uncompressed, whatever else is asked for. */
  readonly uncompressed?: boolean;
  /** Encrypts the chunks of the store, which are those of this key and no others. Default: they are not encrypted. */
  readonly encryption?: ChunkCipher;
  /** Reach ssh hosts without the ssh program. */
  readonly sshBuiltin?: boolean;
}
