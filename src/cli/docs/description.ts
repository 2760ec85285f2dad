/** The command line as data, out of the definitions of commands and options: for the help, completion and the manual. */
import { type Argument, type ArgumentKind, kindOf, optional } from "../argument.ts";
import { allCommands, type Command } from "../commands.ts";
import type { Flag, Flags, Option } from "../flags/flag.ts";
import { GLOBAL_FLAGS, help, version } from "../flags/global.ts";
import { NETWORK_FLAGS } from "../flags/network.ts";

/** What is given with an option, or as an argument. */
export interface ValueDescription {
  /** As the help calls it. */
  readonly name: string;
  readonly kind: ArgumentKind;
  /** What it can be, of the kind `words`. */
  readonly words: readonly string[];
}

/** One option. */
export interface OptionDescription {
  /** `-s`, `--store`. */
  readonly names: readonly string[];
  readonly value?: ValueDescription;
  /** May be given several times. */
  readonly repeated: boolean;
  readonly description: string;
  /** What holds without the option. */
  readonly fallback?: string;
}

/** One command. */
export interface CommandDescription {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly Argument<unknown>[];
  readonly options: readonly OptionDescription[];
}

/** What the command `help` is for. */
export const HELP_SUMMARY = "show how to use a command";

/** What the help says about a command, each paragraph on one line: the lines of the source mean nothing. */
export function paragraphsOf({ description }: Command): string[] {
  return description.split("\n\n").map((text) => text.replaceAll("\n", " "));
}

/** The options that stand before a command. */
export function describeGlobalOptions(): OptionDescription[] {
  return describeFlags({ ...GLOBAL_FLAGS, version, help });
}

/** The options of a command but for those of {@linkcode describeNetworkOptions}. */
export function describeOwnOptions({ flags }: Command): OptionDescription[] {
  return describeFlags(Object.fromEntries(Object.entries(flags).filter(([, flag]) => !isNetwork(flag))));
}

/** The options of a command about the way to stores on other machines. */
export function describeNetworkOptions({ flags }: Command): OptionDescription[] {
  return describeFlags(Object.fromEntries(Object.entries(flags).filter(([, flag]) => isNetwork(flag))));
}

function isNetwork(flag: Flag<unknown>): boolean {
  return Object.values<Flag<unknown>>(NETWORK_FLAGS).includes(flag);
}

/** All commands, `help` included. */
export async function describeCommands(): Promise<CommandDescription[]> {
  const commands = (await allCommands()).map(({ name, summary, args, flags }) => ({
    name,
    summary,
    arguments: Object.values(args),
    options: describeFlags({ ...flags, ...GLOBAL_FLAGS, help }),
  }));
  const topic = { ...optional("command"), kind: "words", words: commands.map(({ name }) => name) } as const;
  return [
    ...commands,
    { name: "help", summary: HELP_SUMMARY, arguments: [topic], options: [] },
  ];
}

/** Options, in their order. */
export function describeFlags(flags: Flags): OptionDescription[] {
  return Object.values(flags).flatMap((flag) => {
    const { opposite, fallback, repeated } = flag;
    const preset = flag.fallbackText ?? (fallback === undefined ? undefined : String(fallback));
    const described = {
      ...describeOption(flag, repeated),
      fallback: flag.value === undefined ? undefined : preset,
    };
    return opposite === undefined ? [described] : [described, describeOption(opposite, repeated)];
  });
}

function describeOption(
  { names, value, words, description }: Option<unknown>,
  repeated: boolean,
): OptionDescription {
  const described = value === undefined
    ? undefined
    : words === undefined
    ? { name: value, kind: kindOf(value), words: [] }
    : { name: value, kind: "words" as const, words };
  return { names, value: described, repeated, description };
}

/** What follows the command's name: `[options] <index> <output>`. An argument that can be one word only is that word. */
export function describeSynopsis(command: Command): string {
  const args = Object.values(command.args).map(({ name, words, optional, repeated }) => {
    if (words.length === 1) return words[0];
    const dots = repeated ? "..." : "";
    return optional ? `[${name}${dots}]` : `<${name}>${dots}`;
  });
  return ["[options]", ...args].join(" ");
}
