/** What clients may take of a server: each of them, and all together. */

/** Times in milliseconds. */
export interface ServerLimits {
  /** How long the headers of a request, or a TLS handshake, may take. */
  readonly headersMs: number;
  /** How long a connection stays open between two requests. */
  readonly idleMs: number;
  /** How long a client may send nothing of a body, or take nothing of an answer, or less than 100 bytes a second. */
  readonly silentMs: number;
  /** How long an answered client may go on sending a body that was not wanted. */
  readonly lingerMs: number;
  /** How long running requests may take once the server was asked to stop. */
  readonly stopMs: number;
  /** Bytes of the headers of a request, with its first line. */
  readonly headerBytes: number;
  /** Bytes of answers in memory that clients have not taken yet; beyond that, they get 503. */
  readonly pendingBytes: number;
  /** Connections at each address. */
  readonly connections: number;
  /** Requests of one connection that are sent before the answers are read. */
  readonly pipelined: number;
  /** Requests at a time of all connections; beyond that, clients get 503. */
  readonly requests: number;
}

/** The limits that hold unless others are given. */
export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  headersMs: 30_000,
  idleMs: 120_000,
  silentMs: 60_000,
  lingerMs: 5_000,
  stopMs: 30_000,
  headerBytes: 16 * 1024,
  pendingBytes: 512 * 1024 * 1024,
  connections: 4096,
  pipelined: 100,
  requests: 16_384,
};
