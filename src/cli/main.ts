/** From the words on the command line to an exit status. */
import { Command, CommanderError, InvalidArgumentError, Option } from "npm:commander@15.1.0";
import { DesyncError, messageOf } from "../errors.ts";
import { VERSION } from "../version.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { DONE, statusOf, WRONG_USAGE } from "./exit_status.ts";
import { type Flag, type FlagName, FLAGS, type FlagValues, GLOBAL_FLAGS } from "./flags.ts";
import { didYouMean } from "./nearest.ts";
import { OutputClosed, print, printError } from "./output.ts";
import { onInterrupt } from "./signals.ts";

/** Runs the command line. Returns the exit status; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let verbose = args.includes("--verbose");
  try {
    let status = DONE;
    const program = makeProgram(async (spec, positionals, flags) => {
      verbose = flags.verbose ?? false;
      const { run } = await spec.load();
      using interrupt = onInterrupt();
      status = await run(positionals, flags, interrupt.signal);
    });
    await program.parseAsync(normalize(args), { from: "user" });
    return status;
  } catch (error) {
    return report(error, verbose);
  }
}

type Start = (spec: CommandSpec, positionals: string[], flags: FlagValues) => Promise<void>;

function makeProgram(start: Start): Command {
  const program = configure(new Command("desync"))
    .usage("<command> [options]")
    .description(
      "Distributes big files as chunks that are shared between versions: casync's formats, desync's commands.",
    )
    .helpCommand(true)
    .version(versionText(), "--version", "print the versions of the program and what it runs on");
  addFlags(program, GLOBAL_FLAGS);
  for (const spec of COMMANDS) {
    const command = configure(program.command(`${spec.name} ${spec.args}`.trim()))
      .summary(spec.summary)
      // The lines are those of the source; the help breaks them where the terminal ends.
      .description(spec.description.replaceAll("\n", " "))
      .addHelpText("after", `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join("\n")}`)
      .action(async () => {
        await start(spec, command.args, command.optsWithGlobals<FlagValues>());
      });
    addFlags(command, [...spec.flags, ...GLOBAL_FLAGS]);
  }
  return program;
}

function configure(command: Command): Command {
  return command
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    // The help has no colors: commander needs not look into the environment for what is liked.
    .configureOutput({ writeOut: print, writeErr: () => {}, getOutHasColors: () => false });
}

function addFlags(command: Command, names: readonly FlagName[]): void {
  for (const name of names) {
    const flag: Flag = FLAGS[name];
    const option = new Option(flag.flags, flag.description);
    const parse = flag.words === undefined ? flag.parse : oneOf(flag.words);
    if (parse !== undefined) option.argParser(asCommander(parse));
    if (flag.fallback !== undefined) {
      option.default(flag.fallback, flag.fallbackText ?? String(flag.fallback));
    } else if (flag.fallbackText !== undefined) option.default(undefined, flag.fallbackText);
    command.addOption(option);
  }
}

function oneOf(words: readonly string[]): (text: string) => string {
  return (text) => {
    if (words.includes(text)) return text;
    throw new DesyncError(
      "usage",
      `${JSON.stringify(text)} is none of ${words.join(", ")}${didYouMean(text, words)}`,
    );
  };
}

function asCommander(parse: NonNullable<Flag["parse"]>): (text: string, previous: unknown) => unknown {
  return (text, previous) => {
    try {
      return parse(text, previous);
    } catch (error) {
      throw new InvalidArgumentError(messageOf(error));
    }
  };
}

const SWITCHES = new Set(
  Object.values(FLAGS).map((flag: Flag) => flag.flags).filter((text) => !text.includes("<"))
    .flatMap((text) => text.split(", ")),
);

/** Go's flags take `--switch=true` and `--switch=false` as well, and `-x=value`. */
function normalize(args: readonly string[]): string[] {
  const words: string[] = [];
  let onlyPositionals = false;
  for (const word of args) {
    onlyPositionals ||= word === "--";
    const [name, value] = word.split("=", 2);
    if (onlyPositionals || value === undefined) words.push(word);
    else if (!SWITCHES.has(name)) words.push(...(/^-[a-z]$/i.test(name) ? [name, word.slice(3)] : [word]));
    else if (/^(true|t|1)$/i.test(value)) words.push(name);
    else if (!/^(false|f|0)$/i.test(value)) {
      throw new DesyncError("usage", `${name} takes true or false, not ${JSON.stringify(value)}`);
    }
  }
  return words;
}

function versionText(): string {
  const { deno, v8 } = Deno.version;
  return `desync ${VERSION} (deno ${deno}, v8 ${v8}, ${Deno.build.target})`;
}

/** Tells what went wrong, in one line unless more was asked for. Returns the exit status. */
function report(error: unknown, verbose: boolean): number {
  if (error instanceof OutputClosed) return DONE;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return DONE;
    const text = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
    printError(`desync: ${text === "(outputHelp)" ? "which command? `desync --help` lists them" : text}\n`);
    return WRONG_USAGE;
  }
  printError(`desync: ${messageOf(error)}\n`);
  for (let at = error; verbose && at instanceof Error; at = at.cause) {
    printError(`${at.stack ?? at.message}\n`);
  }
  return statusOf(error);
}
