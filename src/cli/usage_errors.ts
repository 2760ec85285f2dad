/** What the parser finds wrong with a command line, in this program's words. */
import type { CommanderError } from "npm:commander@15.1.0";
import { DesyncError } from "../errors.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { describeGlobalOptions, describeOption, describeSynopsis } from "./description.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { CASYNC_COMMANDS, isMissingOption, MISSING_COMMANDS } from "./missing.ts";
import { didYouMean } from "./nearest.ts";

/** The error to show. `spec` is the command that was being parsed with these arguments, none in front of it. */
export function usageError(
  error: CommanderError,
  spec: CommandSpec | undefined,
  args: readonly string[],
): DesyncError {
  return new DesyncError("usage", sentence(error, spec, args), { cause: error });
}

function sentence(
  { code, message }: CommanderError,
  spec: CommandSpec | undefined,
  args: readonly string[],
): string {
  // commander puts what it complains about between quotes.
  const what = /'(.*)'/s.exec(message)?.[1] ?? "";
  const usage = spec === undefined
    ? "`desync --help` lists the commands"
    : `desync ${spec.name} ${describeSynopsis(spec)}`;
  switch (code) {
    case "commander.unknownCommand":
      return unknownCommand(what);
    case "commander.unknownOption":
      return unknownOption(what.replace(/=.*/s, ""), spec);
    case "commander.missingArgument":
      return `Missing argument <${what}> (${usage})`;
    case "commander.excessArguments":
      return `Too many arguments (${usage})`;
    case "commander.optionMissingArgument":
      return `Missing value of ${what}`;
    case "commander.help":
      if (args.length > 1) return unknownCommand(args[1]); // behind help
      return "Missing command (`desync --help` lists them)";
    default:
      return message.replace(/^error: /, "");
  }
}

function unknownCommand(name: string): string {
  if (MISSING_COMMANDS.includes(name)) return `The command ${name} is not supported yet`;
  const here = CASYNC_COMMANDS.get(name);
  if (here !== undefined) return `Unknown command ${name}: it is casync's (${here})`;
  const names = [...COMMANDS.map((spec) => spec.name), "help"];
  return `Unknown command ${name}${didYouMean(name, names) || " (`desync --help` lists them)"}`;
}

function unknownOption(option: string, spec: CommandSpec | undefined): string {
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
