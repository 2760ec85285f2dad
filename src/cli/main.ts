/** From the words on the command line to an exit status. */
import { checkCurrentDirectory, givenWords } from "../deno/system/given_words.ts";
import { startWorkerEarly, workersMayLeaveFilesOpen } from "../workers/start_worker.ts";
import { noTlsUsedYet } from "../deno/net/trust.ts";
import { preferSystemLibraries } from "../deno/system/libraries.ts";
import { setUmask } from "../deno/system/permitted.ts";
import { causesOf, DesyncError, errorFromWire, errorToWire, messageOf } from "../core/errors.ts";
import { DONE, statusOf, UNREAD } from "./exit_status.ts";
import { OutputClosed, print, printError, printErrorJson, useJson, usesJson } from "./output/output.ts";
import { type CommandLine, parse } from "./parse/parse.ts";
import { config, verbose as verboseFlag } from "./flags/global.ts";
import { umask } from "./flags/output.ts";
import type { GivenFlags } from "./parse/given_flags.ts";
import { onInterrupt } from "./signals.ts";
import { outputColumns } from "./output/terminal.ts";
import { hideSecretsOf } from "./output/typed_secrets.ts";
import { versionText } from "./docs/version_text.ts";

/** Runs the command line. Returns the exit status; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  noTlsUsedYet();
  let verbose = args.includes("--verbose");
  hideSecretsOf(args);
  // Also for what is wrong with the command line itself.
  useJson(/(?:^|\0)--progress[=\0]json(?:\0|$)/.test(args.join("\0")));
  try {
    const asked = await parse(givenWords(args));
    if (asked.kind === "run") {
      verbose = asked.given.get(verboseFlag);
      return await run(asked);
    }
    if (asked.kind === "version") print(`${versionText()}\n`);
    else {
      const { helpText } = await import("./docs/help.ts");
      print(helpText(asked.command, outputColumns()));
    }
    return DONE;
  } catch (error) {
    return report(error, verbose);
  }
}

async function run({ command, words, given }: CommandLine): Promise<number> {
  checkCurrentDirectory();
  applyUmask(given.get(umask));
  // A command that reloads is a server, which goes on after its work.
  if (command.onHangUp !== "reload") {
    workersMayLeaveFilesOpen();
    preferSystemLibraries(true);
  }
  startWorkerEarly(command.bytesAhead(words));
  const [run, { readConfiguration }] = await Promise.all([
    command.load(),
    import("./configuration/read_configuration.ts"),
  ]);
  using interrupt = onInterrupt(command.onHangUp !== "reload");
  if (command.readsConfiguration ?? true) {
    given.configuration = await readConfiguration(given.get(config), interrupt.signal);
  }
  using reached = isReachable(words, given)
    ? undefined
    : (await import("./inputs/reachable.ts")).makeReachable(command, words, given);
  return await run(reached?.words ?? words, reached?.given ?? given, interrupt.signal);
}

/** Throws `unsupported` where new files would permit more than was asked for. */
function applyUmask(mask: number | undefined): void {
  if (mask === undefined || setUmask(mask) !== undefined) return;
  const fields = Deno.build.os === "windows" ? { reason: "Windows has no umask" } : {
    reason: "Deno's permission --allow-sys is missing",
    hint: "it has none for the umask alone",
  };
  throw new DesyncError("unsupported", { action: "use", subject: "--umask", ...fields });
}

/** Whether all of it can be opened as it is: what is not UTF-8 cannot. */
function isReachable(words: readonly string[], given: GivenFlags): boolean {
  return [words, given.texts].flat().every((text) => text.isWellFormed());
}

/** Reports what went wrong, in one line without --verbose. Returns the exit status. */
function report(thrown: unknown, verbose: boolean): number {
  let error = thrown;
  // What went wrong first counts, not what went wrong while it was cleaned up behind it.
  while (error instanceof SuppressedError) error = error.suppressed;
  if (error instanceof OutputClosed) return UNREAD;
  const status = statusOf(error);
  const causes = verbose ? causesOf(error).map(({ stack, message }) => stack ?? message) : undefined;
  if (usesJson()) {
    // What is no error of ours becomes one.
    const { code, message, action, problem, subject, reason, hint, chunk, store } = errorFromWire(
      errorToWire(error),
    );
    const fields = { action, problem, subject, reason, hint, chunk, store };
    printErrorJson({ error: { code, message, status, ...fields, causes } });
  } else {
    printError(`desync: ${messageOf(error)}\n`);
    for (const cause of causes ?? []) printError(`${cause}\n`);
  }
  return status;
}
