/** From the words on the command line to an exit status. */
import { checkCurrentFolder, givenWords } from "../deno/given_words.ts";
import { setUmask } from "../deno/permitted.ts";
import { DesyncError, errorFromWire, errorToWire, messageOf } from "../errors.ts";
import { DONE, statusOf, UNREAD } from "./exit_status.ts";
import { OutputClosed, print, printError, printErrorJson, useJson, usesJson } from "./output.ts";
import { type CommandLine, parse } from "./parse.ts";
import type { FlagValues } from "./flags.ts";
import { onInterrupt } from "./signals.ts";
import { outputColumns } from "./terminal.ts";
import { hideSecretsOf } from "./typed_secrets.ts";
import { versionText } from "./version_text.ts";

/** Runs the command line. Returns the exit status; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let verbose = args.includes("--verbose");
  hideSecretsOf(args);
  // Also for what is wrong with the command line itself.
  useJson(/(?:^|\0)--progress[=\0]json(?:\0|$)/.test(args.join("\0")));
  try {
    const asked = parse(givenWords(args));
    if (asked.kind === "run") {
      verbose = asked.flags.verbose ?? false;
      return await run(asked);
    }
    if (asked.kind === "version") print(`${versionText()}\n`);
    else {
      const { helpText } = await import("./help.ts");
      print(helpText(asked.spec, outputColumns()));
    }
    return DONE;
  } catch (error) {
    return report(error, verbose);
  }
}

async function run({ spec, positionals, flags }: CommandLine): Promise<number> {
  checkCurrentFolder();
  applyUmask(flags);
  const [{ run }, { checkConfiguration }] = await Promise.all([spec.load(), import("./configuration.ts")]);
  using interrupt = onInterrupt();
  using reached = isReachable(positionals, flags)
    ? undefined
    : (await import("./reachable.ts")).makeReachable(spec, positionals, flags);
  await checkConfiguration(spec, positionals, flags, interrupt.signal);
  return await run(reached?.positionals ?? positionals, reached?.flags ?? flags, interrupt.signal);
}

/** Throws `unsupported` where new files would permit more than was asked for. */
function applyUmask({ umask }: FlagValues): void {
  if (umask === undefined || setUmask(umask)) return;
  const fields = Deno.build.os === "windows" ? { reason: "Windows has no umask" } : {
    reason: "Deno's permission --allow-sys is missing",
    hint: "it has none for the umask alone",
  };
  throw new DesyncError("unsupported", { action: "use", subject: "--umask", ...fields });
}

/** Whether all of it can be opened as it is: what is not UTF-8 cannot. */
function isReachable(positionals: readonly string[], flags: FlagValues): boolean {
  return [positionals, ...Object.values(flags)].flat().every((value) =>
    typeof value !== "string" || value.isWellFormed()
  );
}

/** Tells what went wrong, in one line unless more was asked for. Returns the exit status. */
function report(thrown: unknown, verbose: boolean): number {
  let error = thrown;
  // What went wrong first counts, not what went wrong while it was cleaned up behind it.
  while (error instanceof SuppressedError) error = error.suppressed;
  if (error instanceof OutputClosed) return UNREAD;
  const status = statusOf(error);
  const causes: string[] = [];
  for (let at = error; verbose && at instanceof Error; at = at.cause) causes.push(at.stack ?? at.message);
  if (usesJson()) {
    // What is no error of ours becomes one.
    const { code, message, action, problem, subject, reason, hint, chunk, store } = errorFromWire(
      errorToWire(error),
    );
    const fields = { action, problem, subject, reason, hint, chunk, store };
    printErrorJson({ error: { code, message, status, ...fields, causes: verbose ? causes : undefined } });
  } else {
    printError(`desync: ${messageOf(error)}\n`);
    for (const cause of causes) printError(`${cause}\n`);
  }
  return status;
}
