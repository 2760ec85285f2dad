/** What the parser finds wrong with a command line, in this program's words. */
import { DesyncError, type ErrorFields } from "../../core/errors.ts";
import { allCommands, type Command, COMMANDS } from "../commands.ts";
import { describeFlags, describeGlobalOptions, describeSynopsis } from "../docs/description.ts";
import type { Option } from "../flags/flag.ts";
import { GLOBAL_FLAGS } from "../flags/global.ts";
import { CASYNC_COMMANDS, isMissingOption, MISSING_COMMANDS } from "./missing.ts";
import { didYouMean } from "./nearest.ts";

function usage(fields: ErrorFields): DesyncError {
  return new DesyncError("usage", fields);
}

/** There is no command at all. */
export function missingCommand(): DesyncError {
  return usage({ problem: "Missing", subject: "command", hint: LISTED });
}

const LISTED = "`desync --help` lists them";

/** The command's argument of that name is missing. */
export function missingArgument(name: string, command: Command): DesyncError {
  return usage({ problem: "Missing", subject: `argument <${name}>`, hint: synopsis(command) });
}

/** More arguments than the command takes. */
export function tooManyArguments(command: Command): DesyncError {
  return usage({ problem: "Too many", subject: "arguments", hint: synopsis(command) });
}

function synopsis(command: Command): string {
  return `desync ${command.name} ${describeSynopsis(command)}`;
}

/** The command line ends where the option's value belongs. */
export function missingValue({ names, value }: Option<unknown>): DesyncError {
  return usage({ problem: "Missing", subject: `value of ${names.join(", ")} <${value}>` });
}

/** `of` is an argument or an option that does not take this text. */
export function invalidValue(text: string, of: string, why: Reason): DesyncError {
  return usage({ ...valueContext(text, of), ...why });
}

/** What the error about a text that is refused is about. */
export function valueContext(text: string, of: string): { problem: "Invalid"; subject: string } {
  return { problem: "Invalid", subject: `value ${JSON.stringify(text)} of ${of}` };
}

/** Why a text is refused, and what helps. */
interface Reason {
  readonly reason: string;
  readonly hint?: string;
}

/** A long list is printed only if nothing is similar. */
const MANY_WORDS = 8;

/** Why text is refused that is not one of the words. */
export function notAmong(text: string, words: readonly string[]): Reason {
  const hint = didYouMean(text, words);
  if (hint !== undefined && words.length > MANY_WORDS) return { reason: "it is unknown", hint };
  return { reason: `it is not one of ${words.join(", ")}`, hint };
}

/** There is no such command. */
export function unknownCommand(name: string): DesyncError {
  if (MISSING_COMMANDS.includes(name)) return notYet(`command ${name}`);
  const unknown = { problem: "Unknown", subject: `command ${name}` } as const;
  const here = CASYNC_COMMANDS.get(name);
  if (here !== undefined) return usage({ ...unknown, reason: "it is a command of casync", hint: here });
  return usage({
    ...unknown,
    hint: didYouMean(name, [...COMMANDS.map(({ name }) => name), "help"]) ?? LISTED,
  });
}

function notYet(what: string): DesyncError {
  return usage({ subject: `The ${what}`, reason: "is not supported yet" });
}

/** There is no such option, of the command if there is one. */
export async function unknownOption(option: string, command: Command | undefined): Promise<DesyncError> {
  if (isMissingOption(option, command?.name)) return notYet(`option ${option}`);
  const own = describeFlags({ ...command?.flags, ...GLOBAL_FLAGS });
  const names = [...own, ...describeGlobalOptions()].flatMap(({ names }) => names)
    .filter((name) => name.startsWith("--"));
  const suggestion = option.startsWith("--") ? didYouMean(option, names) : undefined;
  return usage({
    problem: "Unknown",
    subject: `option ${option}${command === undefined ? "" : ` of ${command.name}`}`,
    hint: suggestion ?? await elsewhere(option) ??
      (command === undefined ? LISTED : `\`desync ${command.name} --help\` lists them`),
  });
}

/** Which commands have the option. A letter means one thing here and another there. */
async function elsewhere(option: string): Promise<string | undefined> {
  if (!option.startsWith("--")) return undefined;
  const commands = (await allCommands()).filter(({ flags }) =>
    describeFlags(flags).some(({ names }) => names.includes(option))
  );
  if (commands.length === 0) return undefined;
  return `it belongs to ${commands.map(({ name }) => name).join(", ")}`;
}
