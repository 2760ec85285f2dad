/** The process that runs a decoder: as a user who may write nothing, with bounds for memory and time. */
import { fileURLToPath } from "node:url";
import { denoDir } from "../tests/support/deno_dir.ts";
import { packInputs, type Report } from "./wire.ts";

/** No pack of inputs takes so long unless one of them hangs. */
const HANGS_MS = 60_000;
/** The system's user `nobody`. */
const NOBODY = "65534";
const EXECUTOR = fileURLToPath(new URL("./executor.ts", import.meta.url));

/** Whether root runs this, who gives up what he may do but for reading. */
export const dropsRights: boolean = Deno.build.os === "linux" && Deno.uid() === 0;

/** The child has ended, or was ended as it did not answer (`late`). */
export class ChildLost extends Error {
  readonly late: boolean;

  constructor(message: string, late: boolean) {
    super(message);
    this.late = late;
  }
}

function commandLine(words: readonly string[]): [program: string, args: string[]] {
  const args = [
    ...["run", "--no-prompt", "--cached-only", "--no-check", "--v8-flags=--max-old-space-size=256"],
    // For the inspector, which counts what runs.
    ...["--allow-sys", EXECUTOR, ...words],
  ];
  if (!dropsRights) return [Deno.execPath(), args];
  // It has to find Deno and the sources, which may lie where root alone reads. access(2) asks for the last one's sake.
  const keep = "-all,+dac_read_search";
  return ["setpriv", [
    ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "--no-new-privs"],
    ...[
      `--inh-caps=${keep}`,
      `--ambient-caps=${keep}`,
      "--securebits=+no_setuid_fixup,+no_setuid_fixup_locked",
    ],
    ...[Deno.execPath(), ...args],
  ]];
}

/** Runs inputs, a pack after the other. */
export class Child implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  #text = "";

  /** With `coverage`, inputs that run something new are reported, too. */
  constructor(name: string, coverage?: "coverage") {
    const [program, args] = commandLine(coverage === undefined ? [name] : [name, coverage]);
    const env = { DENO_DIR: denoDir, NO_COLOR: "1" };
    this.#child = new Deno.Command(program, { args, env, stdin: "piped", stdout: "piped", stderr: "piped" })
      .spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** Runs these inputs. Throws {@linkcode ChildLost}. */
  async run(inputs: readonly Uint8Array[]): Promise<Report> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#kill();
    }, HANGS_MS);
    try {
      await this.#writer.write(packInputs(inputs)).catch(() => {});
      while (!this.#text.includes("\n")) {
        const { value } = await this.#reader.read();
        if (value === undefined) throw await this.#lost(late);
        this.#text += value;
      }
      const [line, ...rest] = this.#text.split("\n");
      this.#text = rest.join("\n");
      return JSON.parse(line) as Report;
    } finally {
      clearTimeout(timer);
    }
  }

  async #lost(late: boolean): Promise<ChildLost> {
    if (late) return new ChildLost(`hangs: no answer in ${HANGS_MS / 1000} s`, true);
    const { code, signal } = await this.#child.status;
    const words = (await this.#errors).trim();
    return new ChildLost(`ends with ${signal ?? `status ${code}`}: ${words.slice(0, 500)}`, false);
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.#child.status;
    await Promise.allSettled([this.#writer.abort(), this.#reader.cancel(), this.#errors]);
  }
}
