/** The part of npm:ssh2 that is used here: its own types would replace Deno's of Node with old ones. */
import type { Socket } from "node:net";
import type { Duplex, Readable } from "node:stream";

/** A way to prove who the user is. */
export type AuthMethod =
  | { type: "agent"; username: string; agent: string }
  | { type: "publickey"; username: string; key: string };

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
  on(event: "error", listener: (error: Error & { level?: string }) => void): this;
  on(event: "ready" | "close", listener: () => void): this;
}

declare const ssh2: {
  Client: typeof Client;
  utils: { parseKey(key: string): unknown };
};
export default ssh2;
