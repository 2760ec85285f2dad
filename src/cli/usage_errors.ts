/** What the parser finds wrong with a command line, in this program's words. */
import { DesyncError } from "../errors.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { describeGlobalOptions, describeOption, describeSynopsis } from "./description.ts";
import { type Flag, GLOBAL_FLAGS } from "./flags.ts";
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
export function missingArgument(name: string, spec: CommandSpec): DesyncError {
  return usage(`Missing argument <${name}> (desync ${spec.name} ${describeSynopsis(spec)})`);
}

/** More arguments than the command takes. */
export function tooManyArguments(spec: CommandSpec): DesyncError {
  return usage(`Too many arguments (desync ${spec.name} ${describeSynopsis(spec)})`);
}

/** The command line ends where the option's value belongs. */
export function missingValue({ flags }: Flag): DesyncError {
  return usage(`Missing value of ${flags}`);
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
export function unknownOption(option: string, spec: CommandSpec | undefined): DesyncError {
  return usage(optionSentence(option, spec));
}

function commandSentence(name: string): string {
  if (MISSING_COMMANDS.includes(name)) return `The command ${name} is not supported yet`;
  const here = CASYNC_COMMANDS.get(name);
  if (here !== undefined) return `Unknown command ${name}: it is casync's (${here})`;
  const names = [...COMMANDS.map((spec) => spec.name), "help"];
  return `Unknown command ${name}${didYouMean(name, names) || " (`desync --help` lists them)"}`;
}

function optionSentence(option: string, spec: CommandSpec | undefined): string {
  if (isMissingOption(option, spec?.name)) return `The option ${option} is not supported yet`;
  const own = [...(spec?.flags ?? []), ...GLOBAL_FLAGS].map(describeOption);
  const names = [...own, ...describeGlobalOptions()].flatMap(({ names }) => names)
    .filter((name) => name.startsWith("--"));
  const unknown = `Unknown option ${option}${spec === undefined ? "" : ` of ${spec.name}`}`;
  const suggestion = option.startsWith("--") ? didYouMean(option, names) : "";
  return unknown + (suggestion || elsewhere(option) ||
    ` (\`desync ${spec === undefined ? "" : `${spec.name} `}--help\` lists them)`);
}

/** Which commands have the option. A letter means one thing here and another there. */
function elsewhere(option: string): string {
  if (!option.startsWith("--")) return "";
  const commands = COMMANDS.filter(({ flags }) =>
    flags.some((name) => describeOption(name).names.includes(option))
  );
  if (commands.length === 0) return "";
  return ` (it belongs to ${commands.map(({ name }) => name).join(", ")})`;
}
