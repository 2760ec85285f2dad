/** The command line as data, out of the one definition of commands and options: for completion and the manual. */
import { type ArgumentKind, kindOf } from "./arguments.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { collect, collectList, type Flag, type FlagName, FLAGS, GLOBAL_FLAGS, namesOf } from "./flags.ts";

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

/** One argument of a command. */
export interface ArgumentDescription extends ValueDescription {
  readonly optional: boolean;
  readonly repeated: boolean;
}

/** One command. */
export interface CommandDescription {
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentDescription[];
  readonly options: readonly OptionDescription[];
}

/** Shows the help. */
export const HELP: OptionDescription = {
  names: ["-h", "--help"],
  repeated: false,
  description: "show how to use it",
};
/** What the command `help` is for. */
export const HELP_SUMMARY = "show how to use a command";
/** Shows the version. */
export const VERSION_OPTION: OptionDescription = {
  names: ["--version"],
  repeated: false,
  description: "print the versions of the program and what it runs on",
};

/** The options that stand before a command. */
export function describeGlobalOptions(): OptionDescription[] {
  return [...GLOBAL_FLAGS.map(describeOption), VERSION_OPTION, HELP];
}

/** All commands, `help` included. */
export function describeCommands(): CommandDescription[] {
  const commands = COMMANDS.map((spec) => ({
    name: spec.name,
    summary: spec.summary,
    arguments: describeArguments(spec),
    options: [...[...spec.flags, ...GLOBAL_FLAGS].map(describeOption), HELP],
  }));
  const names = commands.map(({ name }) => name);
  const topic = { name: "command", kind: "words", words: names, optional: true, repeated: false } as const;
  return [
    ...commands,
    { name: "help", summary: HELP_SUMMARY, arguments: [topic], options: [] },
  ];
}

/** One option, by the name under which commands list it. */
export function describeOption(name: FlagName): OptionDescription {
  const flag: Flag = FLAGS[name];
  const [, valueName] = /<([^<>]+)>$/.exec(flag.flags) ?? [];
  return {
    names: namesOf(flag),
    value: valueName === undefined ? undefined : describeValue(valueName, flag.words),
    repeated: flag.parse === collect || flag.parse === collectList,
    description: flag.description,
    fallback: flag.fallbackText ?? (flag.fallback === undefined ? undefined : String(flag.fallback)),
  };
}

/** What follows the command's name: `[options] <index> <output>`. An argument that can be one word only is that word. */
export function describeSynopsis(spec: CommandSpec): string {
  const args = describeArguments(spec).map(({ name, words, optional, repeated }) => {
    if (words.length === 1) return words[0];
    const dots = repeated ? "..." : "";
    return optional ? `[${name}${dots}]` : `<${name}>${dots}`;
  });
  return ["[options]", ...args].join(" ");
}

/** The arguments of a command. */
export function describeArguments(spec: CommandSpec): ArgumentDescription[] {
  return [...spec.args.matchAll(/([<[])([^<>[\].]+)(\.\.\.)?[>\]]/g)].map(([, bracket, name, dots]) => ({
    ...describeValue(name, spec.words?.[name]),
    optional: bracket === "[",
    repeated: dots !== undefined,
  }));
}

function describeValue(name: string, words: readonly string[] | undefined): ValueDescription {
  return words === undefined ? { name, kind: kindOf(name), words: [] } : { name, kind: "words", words };
}
