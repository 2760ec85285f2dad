/** The parser of the command line. It takes words as desync takes them, which is Go's way and the GNU way. */
import { messageOf } from "../errors.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";
import { describeArguments, HELP, VERSION_OPTION } from "./description.ts";
import {
  type Flag,
  type FlagName,
  FLAGS,
  type FlagValues,
  GLOBAL_FLAGS,
  namesOf,
  takesValue,
  valueKey,
} from "./flags.ts";
import {
  invalidValue,
  missingArgument,
  missingCommand,
  missingValue,
  notAmong,
  tooManyArguments,
  unknownCommand,
  unknownOption,
} from "./usage_errors.ts";

/** A command with what is given to it. */
export interface CommandLine {
  readonly kind: "run";
  readonly spec: CommandSpec;
  readonly positionals: string[];
  readonly flags: FlagValues;
}

/** What is asked for. The help is on a command, if there is one. */
export type Asked = CommandLine | {
  readonly kind: "help" | "version";
  readonly spec: CommandSpec | undefined;
};

/** Throws `usage` when the words make no sense. */
export function parse(words: readonly string[]): Asked {
  const at = commandAt(words);
  const before = words.slice(0, at);
  const name = words[at];
  if (before.some((word) => VERSION_OPTION.names.includes(word))) return { kind: "version", spec: undefined };
  if (name === undefined) {
    const { instead } = readOptions(before, undefined);
    if (instead === undefined) throw missingCommand();
    return { kind: instead, spec: undefined };
  }
  if (before.some((word) => HELP.names.includes(word))) return { kind: "help", spec: commandOf(name) };
  if (name === "help") return helpOn(words.slice(at + 1).find((word) => !isOption(word)));
  const spec = commandOf(name);
  const { positionals, flags, instead } = readOptions([...before, ...words.slice(at + 1)], spec);
  if (instead !== undefined) return { kind: instead, spec };
  checkArguments(spec, positionals);
  return { kind: "run", spec, positionals, flags };
}

function helpOn(topic: string | undefined): Asked {
  return { kind: "help", spec: topic === undefined || topic === "help" ? undefined : commandOf(topic) };
}

/** Where the command stands: behind the options in front of it and their values. */
function commandAt(words: readonly string[]): number {
  let at = 0;
  while (isOption(words[at] ?? "")) at += takesNextWord(words[at]) ? 2 : 1;
  return at;
}

function commandOf(name: string): CommandSpec {
  const spec = COMMANDS.find((spec) => spec.name === name);
  if (spec === undefined) throw unknownCommand(name);
  return spec;
}

function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith("-");
}

/** Options of all commands that take no value. */
const SWITCHES: ReadonlySet<string> = new Set([
  ...Object.values(FLAGS).filter((flag) => !takesValue(flag)).flatMap((flag) => namesOf(flag)),
  ...HELP.names,
  ...VERSION_OPTION.names,
]);

/** Whether the word behind this option is its value: not behind `--x=value`, `-xvalue` and switches. */
function takesNextWord(option: string): boolean {
  const alone = option.startsWith("--") ? !option.includes("=") : option.length === 2;
  return alone && !SWITCHES.has(option);
}

/** The options that a command knows, by each of their names. */
type Known = ReadonlyMap<string, Flag>;

function optionsOf(spec: CommandSpec | undefined): Known {
  const names: FlagName[] = [...GLOBAL_FLAGS, ...spec?.flags ?? []];
  // desync takes this option wherever stores are reached, also where no cache is used and it means nothing.
  if (names.includes("timeout")) names.push("cacheRepair");
  return new Map(names.flatMap((name) => namesOf(FLAGS[name]).map((word) => [word, FLAGS[name]])));
}

/** What the options say, and what is left. */
interface Read {
  readonly positionals: string[];
  readonly flags: FlagValues;
  /** Asked for instead of the command. It counts more than what is wrong beside it. */
  readonly instead: "help" | "version" | undefined;
}

function readOptions(words: readonly string[], spec: CommandSpec | undefined): Read {
  const known = optionsOf(spec);
  const initial = fallbacks(known);
  const values = { ...initial };
  const positionals: string[] = [];
  let instead: Read["instead"];
  let wrong: unknown;
  let at = 0;
  const read = ({ name, attached }: Option) => {
    const flag = known.get(name);
    if (flag === undefined) throw unknownOption(name, spec);
    if (takesValue(flag)) setValue(values, flag, attached ?? words[at++]);
    else setSwitch(values, initial, flag, name, attached);
  };
  while (at < words.length) {
    const word = words[at++];
    if (word === "--") break;
    if (!isOption(word)) positionals.push(word);
    else {
      for (const option of optionsIn(word, known)) {
        if (HELP.names.includes(option.name)) instead ??= "help";
        else if (VERSION_OPTION.names.includes(option.name)) instead ??= "version";
        else {
          try {
            read(option);
          } catch (error) {
            wrong ??= error;
          }
        }
      }
    }
  }
  if (instead === undefined && wrong !== undefined) throw wrong;
  return {
    positionals: positionals.concat(words.slice(at)),
    flags: values as unknown as FlagValues,
    instead,
  };
}

/** An option as it was typed. */
interface Option {
  readonly name: string;
  /** What was typed behind it in the same word. */
  readonly attached?: string;
}

/** `--name=value`, `-n=value`, `-nvalue`; `-ab` is `-a` and then `-b` when `-a` is a switch. */
function* optionsIn(word: string, known: Known): Generator<Option> {
  if (word.startsWith("--")) {
    const equals = word.indexOf("=");
    yield equals === -1 ? { name: word } : { name: word.slice(0, equals), attached: word.slice(equals + 1) };
    return;
  }
  for (let at = 1; at < word.length; at++) {
    const name = `-${word[at]}`;
    const flag = known.get(name);
    const rest = word.slice(at + 1);
    if (rest === "" && name !== "--") yield { name };
    else if (rest.startsWith("=")) return yield { name, attached: rest.slice(1) };
    else if (flag !== undefined && takesValue(flag)) return yield { name, attached: rest };
    else if (flag !== undefined || HELP.names.includes(name)) yield { name };
    else return yield { name: name === "--" ? word : name + rest };
  }
}

function fallbacks(known: Known): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const flags = [...new Set(known.values())];
  const positive = new Set(flags.map(valueKey).filter(({ negative }) => !negative).map(({ key }) => key));
  for (const flag of flags) {
    const { key, negative } = valueKey(flag);
    // With both forms, neither is a third case.
    if (negative) values[key] = positive.has(key) ? undefined : true;
    else if (flag.fallback !== undefined) values[key] = flag.fallback;
  }
  return values;
}

/** Go's switches take a value as well. The last of them counts: `false` takes back what stands before it. */
function setSwitch(
  values: Record<string, unknown>,
  initial: Readonly<Record<string, unknown>>,
  flag: Flag,
  name: string,
  text: string | undefined,
): void {
  const { key, negative } = valueKey(flag);
  if (text === undefined || /^(true|t|1)$/i.test(text)) values[key] = !negative;
  else if (/^(false|f|0)$/i.test(text)) values[key] = initial[key];
  else throw invalidValue(text, name, "it is neither true nor false");
}

function setValue(values: Record<string, unknown>, flag: Flag, text: string | undefined): void {
  if (text === undefined) throw missingValue(flag);
  const { key } = valueKey(flag);
  const shown = namesOf(flag).join(", ");
  if (flag.words !== undefined && !flag.words.includes(text)) {
    throw invalidValue(text, shown, notAmong(text, flag.words));
  }
  try {
    // A fallback is not a value that others are added to.
    const previous = values[key] === flag.fallback ? undefined : values[key];
    values[key] = flag.parse === undefined ? text : flag.parse(text, previous);
  } catch (error) {
    throw invalidValue(text, shown, messageOf(error));
  }
}

/** All are there, and not too many; none is empty, and some take one of some words. */
function checkArguments(spec: CommandSpec, args: readonly string[]): void {
  const described = describeArguments(spec);
  const missing = described.find(({ optional }, i) => !optional && args.length <= i);
  if (missing !== undefined) throw missingArgument(missing.name, spec);
  if (args.length > described.length && !described.at(-1)?.repeated) throw tooManyArguments(spec);
  for (const [i, arg] of args.entries()) {
    // All that is behind a repeated argument is such a one. The only word of one is left to the command.
    const { name, words } = described[Math.min(i, described.length - 1)];
    if (arg === "") throw invalidValue(arg, `<${name}>`, "it is empty");
    if (words.length > 1 && !words.includes(arg)) throw invalidValue(arg, `<${name}>`, notAmong(arg, words));
  }
}
