/** Any program that serves at a port, which it is given as `-l 127.0.0.1:PORT`. */
import { Daemon } from "./daemon.ts";
import { freePort, listening } from "./ports.ts";

/** A server that listens, until it is disposed of. */
export interface PeerServer extends AsyncDisposable {
  /** Ends with a slash. */
  readonly url: string;
}

/** Starts the command with these options, and returns when it listens. */
export async function startPeerServer(
  [program, ...before]: readonly string[],
  options: readonly string[],
  env: Record<string, string> = {},
): Promise<PeerServer> {
  const port = freePort();
  const daemon = new Daemon(program, [...before, "-l", `127.0.0.1:${port}`, ...options], env);
  await listening(daemon, port);
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: () => daemon.stop() };
}
