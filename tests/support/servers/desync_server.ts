/** The program's own servers, as users start them. */

import { deepStrictEqual, ok } from "node:assert/strict";
import { cliCommand } from "../cli_command.ts";
import type { TempDir } from "../temp.ts";
import { Daemon } from "./daemon.ts";

/** A server that listens. */
export class DesyncServer implements AsyncDisposable {
  /** Where it listens. */
  urls: string[] = [];
  readonly daemon: Daemon;
  readonly #errors: string;

  constructor(daemon: Daemon, errors: string) {
    this.daemon = daemon;
    this.#errors = errors;
  }

  /** The first address at which it listens, with a slash at the end. */
  get url(): string {
    return `${this.urls[0]}/`;
  }

  /** The port of that. */
  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** What it has written to standard error. */
  get stderr(): string {
    return Deno.readTextFileSync(this.#errors);
  }

  /** Waits until it has written that. */
  async says(pattern: RegExp): Promise<void> {
    ok(await this.daemon.waitUntil(() => pattern.test(this.stderr), 60_000), this.stderr);
  }

  /** Asks it to stop, and waits for the end. Returns its exit status. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    this.daemon.signal(signal);
    return (await this.daemon.status).code;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.daemon.stop();
  }
}

let count = 0;

/** Starts `desync <args>`; without `-l` among them at a free port. */
export async function startDesyncServer(
  dir: TempDir,
  args: string[],
  env: Record<string, string> = {},
): Promise<DesyncServer> {
  const errors = dir.write(`server-${count++}.stderr`, "");
  const where = args.includes("-l") ? [] : ["-l", "127.0.0.1:0"];
  const words = ["-c", 'exec "$@" 2>"$0"', errors, ...cliCommand, ...args, ...where];
  const server = new DesyncServer(new Daemon("/bin/sh", words, env), errors);
  try {
    // A line for each address.
    const addresses = [...args, ...where]
      .filter((_, i, words) => ["-l", "--metrics-listen"].includes(words[i - 1]))
      .flatMap((list) => list.split(",")).length;
    await server.says(new RegExp(`(?:^.* serving .* on .*\n){${addresses}}`, "m"));
    server.urls = [...server.stderr.matchAll(/\bserving .* on (\S+)/g)].map(([, url]) => url);
    return server;
  } catch (error) {
    await server.daemon.stop();
    throw error;
  }
}

/** Ends it as an operator does, and checks that all went well. */
export async function endsWell(server: DesyncServer): Promise<void> {
  const before = server.stderr.length;
  deepStrictEqual([await server.end(), server.stderr.slice(before)], [0, "desync: stopping\n"]);
}
