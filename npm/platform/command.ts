/** Programs that are started, as Deno has them: with three pipes. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { Readable, Writable } from "node:stream";

/** One that runs. */
class Running {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.stdin = Writable.toWeb(child.stdin!) as WritableStream<Uint8Array>;
    this.stdout = Readable.toWeb(child.stdout!) as ReadableStream<Uint8Array>;
    this.stderr = Readable.toWeb(child.stderr!) as ReadableStream<Uint8Array>;
    this.status = new Promise((resolve) =>
      child.once("exit", (code, signal) =>
        resolve({
          success: code === 0,
          code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
          signal: signal as Deno.Signal | null,
        }))
    );
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal as NodeJS.Signals);
  }
}

/** A program and its arguments. */
export class Command {
  readonly #program: string;
  readonly #args: readonly string[];

  constructor(program: string, { args = [] }: Deno.CommandOptions) {
    this.#program = program;
    this.#args = args;
  }

  /** Throws what the system says when it cannot be started. */
  spawn(): Running {
    const child = spawn(this.#program, this.#args, { stdio: "pipe" });
    // Node reports it later, without a process.
    child.on("error", () => {});
    if (child.pid !== undefined) return new Running(child);
    const error = new Error(`${this.#program} cannot be started`);
    throw Object.assign(error, { code: "ENOENT" });
  }
}
