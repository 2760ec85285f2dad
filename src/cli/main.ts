/** From the words on the command line to an exit status. */
import { CommanderError } from "npm:commander@15.1.0";
import { messageOf } from "../errors.ts";
import { DONE, statusOf, UNREAD } from "./exit_status.ts";
import { normalize } from "./go_words.ts";
import { OutputClosed, printError } from "./output.ts";
import { makeProgram } from "./program.ts";
import { onInterrupt } from "./signals.ts";

/** Runs the command line. Returns the exit status; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let verbose = args.includes("--verbose");
  try {
    let status = DONE;
    const program = makeProgram(async (spec, positionals, flags) => {
      verbose = flags.verbose ?? false;
      const [{ run }, { checkConfiguration }] = await Promise.all([
        spec.load(),
        import("./configuration.ts"),
      ]);
      using interrupt = onInterrupt();
      await checkConfiguration(spec, positionals, flags, interrupt.signal);
      status = await run(positionals, flags, interrupt.signal);
    });
    await program.parseAsync(normalize(args), { from: "user" });
    return status;
  } catch (error) {
    return report(error, verbose);
  }
}

/** Tells what went wrong, in one line unless more was asked for. Returns the exit status. */
function report(thrown: unknown, verbose: boolean): number {
  let error = thrown;
  // What went wrong first counts, not what went wrong while it was cleaned up behind it.
  while (error instanceof SuppressedError) error = error.suppressed;
  if (error instanceof OutputClosed) return UNREAD;
  // A help or the version was shown: all else is a DesyncError by now.
  if (error instanceof CommanderError) return DONE;
  printError(`desync: ${messageOf(error)}\n`);
  for (let at = error; verbose && at instanceof Error; at = at.cause) {
    printError(`${at.stack ?? at.message}\n`);
  }
  return statusOf(error);
}
