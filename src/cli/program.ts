/** The parser and the help, built out of the definitions of commands and options. */
import { Command, Help, Option } from "npm:commander@15.1.0";
import { DesyncError, messageOf } from "../errors.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { describeArguments, describeSynopsis, HELP, HELP_SUMMARY, VERSION_OPTION } from "./description.ts";
import { STATUSES } from "./exit_status.ts";
import { type Flag, type FlagName, FLAGS, type FlagValues, GLOBAL_FLAGS, REMOTE_FLAGS } from "./flags.ts";
import { didYouMean } from "./nearest.ts";
import { print } from "./output.ts";
import { usageError } from "./usage_errors.ts";
import { versionText } from "./version_text.ts";

/** What is done with a command line that makes sense. */
export type Start = (spec: CommandSpec, positionals: string[], flags: FlagValues) => Promise<void>;

/** What the program is for. */
export const PURPOSE =
  "Distributes big files as chunks that are shared between versions: casync's formats, desync's commands.";

/** The parser. It throws `usage` errors, and commander's own after it has shown a help or the version. */
export function makeProgram(start: Start): Command {
  const program = configure(new Command("desync"))
    .usage("<command> [options]")
    .description(PURPOSE)
    .commandsGroup("Other:")
    .helpCommand("help [command]", HELP_SUMMARY)
    .version(versionText(), VERSION_OPTION.names.join(", "), VERSION_OPTION.description)
    .addHelpText("after", afterHelp());
  addFlags(program, GLOBAL_FLAGS);
  for (const spec of COMMANDS) {
    const command = configure(program.command(`${spec.name} ${spec.args}`.trim()), spec)
      .usage(describeSynopsis(spec))
      .helpGroup(`${spec.group}:`)
      .summary(spec.summary)
      // The lines are those of the source; the help breaks them where the terminal ends.
      .description(spec.description.replaceAll("\n", " "))
      .addHelpText("after", `\nExamples:\n${spec.examples.map((line) => `  ${line}`).join("\n")}`)
      .action(async () => {
        checkArguments(spec, command.args);
        await start(spec, command.args, command.optsWithGlobals<FlagValues>());
      });
    const own = spec.flags.filter((name) => !REMOTE_FLAGS.includes(name));
    addFlags(command, [...own, ...GLOBAL_FLAGS, ...spec.flags.filter((name) => !own.includes(name))]);
    acceptCacheRepair(command, spec);
  }
  return program;
}

/** The options of an 80-column terminal: their descriptions get what the longest option leaves. */
const NARROWEST_DESCRIPTION = 30;

function configure(command: Command, spec?: CommandSpec): Command {
  return command
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageError(error, spec, command.args);
    })
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .helpOption(HELP.names.join(", "), HELP.description)
    .configureHelp({
      minWidthToWrap: NARROWEST_DESCRIPTION,
      subcommandTerm: (command) => command.name(),
      optionDescription: describeFallback,
    })
    // The help has no colors: commander needs not look into the environment for what is liked.
    .configureOutput({ writeOut: print, writeErr: () => {}, getOutHasColors: () => false });
}

/** Also tells what holds without an option whose value is then left open. */
function describeFallback(option: Option): string {
  if (option.defaultValue === undefined && option.defaultValueDescription !== undefined) {
    return `${option.description} (default: ${option.defaultValueDescription})`;
  }
  return new Help().optionDescription(option);
}

function addFlags(command: Command, names: readonly FlagName[]): void {
  for (const name of names) {
    const flag: Flag = FLAGS[name];
    const option = new Option(flag.flags, flag.description);
    if (REMOTE_FLAGS.includes(name)) option.helpGroup("Network options:");
    if (flag.parse !== undefined || flag.words !== undefined) {
      option.argParser((text, previous) => valueOf(option, flag, text, previous));
    }
    if (flag.fallback !== undefined) {
      option.default(flag.fallback, flag.fallbackText ?? String(flag.fallback));
    } else if (flag.fallbackText !== undefined) option.default(undefined, flag.fallbackText);
    command.addOption(option);
  }
}

/** desync takes this option wherever stores are reached, also where no cache is used and it means nothing. */
function acceptCacheRepair(command: Command, spec: CommandSpec): void {
  if (!spec.flags.includes("timeout") || spec.flags.includes("cacheRepair")) return;
  command.addOption(new Option(FLAGS.cacheRepair.flags).hideHelp());
}

/** None may be empty, and some take one of some words. The only word of one is left to the command. */
function checkArguments(spec: CommandSpec, args: readonly string[]): void {
  const described = describeArguments(spec);
  for (const [i, arg] of args.entries()) {
    // All that is behind a repeated argument is such a one.
    const { name, words } = described[Math.min(i, described.length - 1)];
    if (arg === "") throw invalidValue(arg, `<${name}>`, "it is empty");
    if (words.length > 1 && !words.includes(arg)) throw invalidValue(arg, `<${name}>`, notAmong(arg, words));
  }
}

/** A long list is told only to those who are far from it. */
const MANY_WORDS = 8;

function notAmong(text: string, words: readonly string[]): string {
  const suggestion = didYouMean(text, words);
  if (suggestion !== "" && words.length > MANY_WORDS) return `it is no word for that${suggestion}`;
  return `it is none of ${words.join(", ")}${suggestion}`;
}

function invalidValue(text: string, of: string, why: string): DesyncError {
  return new DesyncError("usage", `Invalid value ${JSON.stringify(text)} of ${of}: ${why}`);
}

function valueOf(option: Option, { words, parse }: Flag, text: string, previous: unknown): unknown {
  const name = option.flags.replace(/ <.*/, "");
  if (words !== undefined && !words.includes(text)) throw invalidValue(text, name, notAmong(text, words));
  try {
    return parse === undefined ? text : parse(text, previous);
  } catch (error) {
    throw invalidValue(text, name, messageOf(error));
  }
}

function afterHelp(): string {
  const statuses = STATUSES.map(([status, means]) => `  ${String(status).padEnd(4)} ${means}`);
  return `
Exit status:
${statuses.join("\n")}

\`desync COMMAND --help\` tells the options of a command, with examples;
\`desync manpage\` prints all of it as one manual page.`;
}
