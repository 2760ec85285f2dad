/** What the parser finds wrong with a command line, in this program's words. */
import { DesyncError } from "../errors.ts";
import type { Command } from "./command.ts";
import { allCommands, COMMAND_NAMES } from "./commands.ts";
import { describeFlags, describeGlobalOptions, describeSynopsis } from "./description.ts";
import type { Option } from "./flags/flag.ts";
import { GLOBAL_FLAGS } from "./flags/global.ts";
import { CASYNC_COMMANDS, isMissingOption, MISSING_COMMANDS } from "./missing.ts";
import { didYouMean } from "./nearest.ts";

function usage(sentence: string): DesyncError {
  return new DesyncError("usage", sentence);
}

/** There is no command at all. */
export function missingCommand(): DesyncError {
  return usage("Missing command (`desync --help` lists them)");
}

/** The command's argument of that name is missing. */
export function missingArgument(name: string, command: Command): DesyncError {
  return usage(`Missing argument <${name}> (desync ${command.name} ${describeSynopsis(command)})`);
}

/** More arguments than the command takes. */
export function tooManyArguments(command: Command): DesyncError {
  return usage(`Too many arguments (desync ${command.name} ${describeSynopsis(command)})`);
}

/** The command line ends where the option's value belongs. */
export function missingValue({ names, value }: Option<unknown>): DesyncError {
  return usage(`Missing value of ${names.join(", ")} <${value}>`);
}

/** `of` is an argument or an option that does not take this text; `why` begins with "it". */
export function invalidValue(text: string, of: string, why: string): DesyncError {
  return usage(`Invalid value ${JSON.stringify(text)} of ${of}: ${why}`);
}

/** A long list is told only to those who are far from it. */
const MANY_WORDS = 8;

/** Why text is refused that is none of the words. */
export function notAmong(text: string, words: readonly string[]): string {
  const suggestion = didYouMean(text, words);
  if (suggestion !== "" && words.length > MANY_WORDS) return `it is unknown${suggestion}`;
  return `it is not one of ${words.join(", ")}${suggestion}`;
}

/** There is no such command. */
export function unknownCommand(name: string): DesyncError {
  return usage(commandSentence(name));
}

/** There is no such option, of the command if there is one. */
export async function unknownOption(option: string, command: Command | undefined): Promise<DesyncError> {
  return usage(await optionSentence(option, command));
}

function commandSentence(name: string): string {
  if (MISSING_COMMANDS.includes(name)) return `The command ${name} is not supported yet`;
  const here = CASYNC_COMMANDS.get(name);
  if (here !== undefined) return `Unknown command ${name}: it is casync's (${here})`;
  const names = [...COMMAND_NAMES, "help"];
  return `Unknown command ${name}${didYouMean(name, names) || " (`desync --help` lists them)"}`;
}

async function optionSentence(option: string, command: Command | undefined): Promise<string> {
  if (isMissingOption(option, command?.name)) return `The option ${option} is not supported yet`;
  const own = describeFlags({ ...command?.flags, ...GLOBAL_FLAGS });
  const names = [...own, ...describeGlobalOptions()].flatMap(({ names }) => names)
    .filter((name) => name.startsWith("--"));
  const unknown = `Unknown option ${option}${command === undefined ? "" : ` of ${command.name}`}`;
  const suggestion = option.startsWith("--") ? didYouMean(option, names) : "";
  return unknown + (suggestion || await elsewhere(option) ||
    ` (\`desync ${command === undefined ? "" : `${command.name} `}--help\` lists them)`);
}

/** Which commands have the option. A letter means one thing here and another there. */
async function elsewhere(option: string): Promise<string> {
  if (!option.startsWith("--")) return "";
  const commands = (await allCommands()).filter(({ flags }) =>
    describeFlags(flags).some(({ names }) => names.includes(option))
  );
  if (commands.length === 0) return "";
  return ` (it belongs to ${commands.map(({ name }) => name).join(", ")})`;
}
