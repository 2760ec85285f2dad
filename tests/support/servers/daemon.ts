/**
 * Starts a server program that ends with the test: when it is disposed of, and also when the test's own process is
 * killed. Ctrl-C in the middle of a run leaves nothing behind.
 */
import { freePort, listening } from "./ports.ts";

/** How long a server may take to stop by itself before it is killed. */
const stopMilliseconds = 3000;

/**
 * The program takes over the shell's process, and so its pid; the watcher beside it stops that pid when this end of the
 * pipe on fd 3 is closed, by `stop` or by the end of the tests' process.
 */
const script = `exec 3<&0
(cat <&3; kill $$) >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null`;

/** A running server program. */
export class Daemon implements AsyncDisposable {
  /** Whether the program has ended. */
  ended = false;
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  /** How it ended, once it has. */
  readonly status: Promise<Deno.CommandStatus>;

  constructor(program: string, args: string[], env: Record<string, string> = {}) {
    this.#child = new Deno.Command("/bin/sh", {
      args: ["-c", script, "sh", program, ...args],
      env,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.pid = this.#child.pid;
    this.status = this.#child.status.then((status) => {
      this.ended = true;
      return status;
    });
  }

  /** Waits until `ready` says so. False when the program ended first; fails when neither happens in time. */
  async waitUntil(ready: () => boolean, milliseconds = 10_000): Promise<boolean> {
    const end = performance.now() + milliseconds;
    while (performance.now() < end) {
      if (this.ended) return false;
      if (ready()) return true;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`the server with pid ${this.pid} was not ready within ${milliseconds} ms`);
  }

  /** Sends it a signal. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Stops the program, and returns when it is gone. */
  async stop(): Promise<void> {
    await this.#child.stdin.close().catch(() => {}); // a second stop, or a program that ended by itself
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopMilliseconds);
    await this.status;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A server that listens, until it is disposed of. */
export interface PeerServer extends AsyncDisposable {
  /** Ends with a slash. */
  readonly url: string;
}

/** Starts the command with these options and `-l 127.0.0.1:PORT`, and returns when it listens. */
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
