/** What one file after the other is run with. */

import { join } from "node:path";
import { repository } from "../support/process.ts";
import { sharedVariable } from "../support/programs/warm_process.ts";
import { removeDirectory, startWarmServer } from "../support/programs/warm_server.ts";
import type { Part } from "./parts.ts";

/**
 * The process that runs the command lines of one test file after the other, from the first that has any: to load the
 * program for each file takes longer than most of them run it.
 */
export class Lane implements Disposable {
  #server: { readonly directory: string; readonly child: Deno.ChildProcess } | undefined;

  /** The variables that the part is to have. */
  environment({ files }: Part): Record<string, string> {
    if (!files.some(runsCommandLines)) return {};
    this.#server ??= this.#start();
    return { [sharedVariable]: this.#server.directory };
  }

  #start() {
    const directory = Deno.makeTempDirSync({ prefix: "desync-test-warm-" });
    const server = { directory, child: startWarmServer(directory) };
    server.child.status.then(() => {
      if (this.#server === server) this.endProcess();
    });
    return server;
  }

  /** Ends the process, which may still be running what a file that did not end well has begun. */
  endProcess(): void {
    if (this.#server === undefined) return;
    const { directory, child } = this.#server;
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    removeDirectory(directory);
    this.#server = undefined;
  }

  [Symbol.dispose](): void {
    this.endProcess();
  }
}

function runsCommandLines(file: string): boolean {
  return /\/support\/cli\.ts"/.test(Deno.readTextFileSync(join(repository, file)));
}
