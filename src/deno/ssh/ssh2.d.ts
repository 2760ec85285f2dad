/** The part of npm:ssh2 that is used here: its own types would replace Deno's of Node with old ones. */
import type { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";

/** A key, private or public. */
export interface ParsedKey {
  /** As ssh names it, such as `ssh-rsa`. */
  readonly type: string;
  sign(data: Uint8Array, hash?: string): Uint8Array | Error;
  verify(data: Uint8Array, signature: Uint8Array, hash?: string): boolean | Error;
  /** The public key as it is sent. */
  getPublicSSH(): Uint8Array;
}

/** What keeps keys and signs with them. */
export interface Agent {
  getIdentities(
    done: (error?: Error | null, keys?: readonly (ParsedKey | Uint8Array)[]) => void,
  ): void;
  sign(
    key: ParsedKey | Uint8Array,
    data: Uint8Array,
    options: { hash?: string },
    done: (error?: Error | null, signature?: Uint8Array) => void,
  ): void;
}

/** A way to prove who the user is. */
export type AuthMethod =
  | { type: "agent"; username: string; agent: Agent }
  | { type: "publickey"; username: string; key: ParsedKey };

/** What is needed to connect. */
export interface ConnectConfig {
  /** A connection that is being made. */
  sock: Socket;
  username: string;
  readyTimeout: number;
  keepaliveInterval: number;
  algorithms: { serverHostKey: string[]; hmac: string[]; cipher?: string[] };
  authHandler: AuthMethod[];
  hostVerifier: (key: Uint8Array) => boolean;
}

/** A program that runs on the host. */
export interface Channel extends Duplex {
  readonly stderr: Readable;
}

declare class Client {
  connect(config: ConnectConfig): void;
  end(): void;
  setNoDelay(noDelay: boolean): void;
  exec(command: string, started: (error: Error | undefined, channel: Channel) => void): void;
  subsys(name: string, started: (error: Error | undefined, channel: Channel) => void): void;
  on(event: "error", listener: (error: Error & { level?: string }) => void): this;
  on(event: "ready" | "close", listener: () => void): this;
}

/** What the package takes for an agent has to extend it. */
declare class BaseAgent {}

declare const ssh2: {
  Client: typeof Client;
  BaseAgent: typeof BaseAgent;
  /** The agent that listens at this path. */
  createAgent(path: string): Agent;
  utils: { parseKey(key: string | Uint8Array | ParsedKey): ParsedKey | Error };
};
export default ssh2;
