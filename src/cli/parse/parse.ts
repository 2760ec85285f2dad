/** The parser of the command line. It takes words as desync takes them, which is Go's way and the GNU way. */
import { DesyncError } from "../../core/errors.ts";
import { allCommands, type Command, findCommand } from "../commands.ts";
import type { Flag, Option } from "../flags/flag.ts";
import { GLOBAL_FLAGS, help, version } from "../flags/global.ts";
import { timeout } from "../flags/network.ts";
import { cacheRepair } from "../flags/stores.ts";
import { GivenFlags } from "./given_flags.ts";

/** A command with what is given to it. */
export interface CommandLine {
  readonly kind: "run";
  readonly command: Command;
  readonly words: string[];
  readonly given: GivenFlags;
}

/** What is asked for. The help is on a command, if there is one. */
type ParseResult = CommandLine | {
  readonly kind: "help" | "version";
  readonly command: Command | undefined;
};

/** What is wrong. It is put into words when that is needed, which takes more code. */
type Problem = (say: typeof import("./usage_errors.ts")) => DesyncError | Promise<DesyncError>;

async function fail(problem: Problem): Promise<never> {
  throw await problem(await import("./usage_errors.ts"));
}

/** Throws `usage` when the words make no sense. */
export async function parse(words: readonly string[]): Promise<ParseResult> {
  const at = await commandAt(words);
  const before = words.slice(0, at);
  const name = words[at];
  if (before.some(isVersion)) return { kind: "version", command: undefined };
  if (name === undefined) {
    const { instead } = await readOptions(before, undefined);
    if (instead === undefined) return await fail((say) => say.missingCommand());
    return { kind: instead, command: undefined };
  }
  if (before.some(isHelp)) return { kind: "help", command: await commandOf(name) };
  if (name === "help") return await helpOn(words.slice(at + 1).find((word) => !isOption(word)));
  const command = await commandOf(name);
  const { positionals, given, instead } = await readOptions([...before, ...words.slice(at + 1)], command);
  if (instead !== undefined) return { kind: instead, command };
  const problem = problemOfArguments(command, positionals);
  if (problem !== undefined) await fail(problem);
  return { kind: "run", command, words: positionals, given };
}

async function helpOn(topic: string | undefined): Promise<ParseResult> {
  const command = topic === undefined || topic === "help" ? undefined : await commandOf(topic);
  return { kind: "help", command };
}

async function commandOf(name: string): Promise<Command> {
  return await findCommand(name) ?? await fail((say) => say.unknownCommand(name));
}

function isOption(word: string): boolean {
  return word.length > 1 && word.startsWith("-");
}

function isHelp(word: string): boolean {
  return help.names.includes(word);
}

function isVersion(word: string): boolean {
  return version.names.includes(word);
}

/** Where the command stands: behind the options in front of it and their values. */
async function commandAt(words: readonly string[]): Promise<number> {
  let at = 0;
  while (isOption(words[at] ?? "")) at += await takesNextWord(words[at]) ? 2 : 1;
  return at;
}

/** Whether the word behind this option is its value: not behind `--x=value`, `-xvalue` and switches. */
async function takesNextWord(option: string): Promise<boolean> {
  const alone = option.startsWith("--") ? !option.includes("=") : option.length === 2;
  if (!alone) return false;
  // Others are looked for in all commands.
  const common = [...Object.values(GLOBAL_FLAGS), help, version].find(({ names }) => names.includes(option));
  if (common !== undefined) return common.value !== undefined;
  switches ??= await switchesOfAll();
  return !switches.has(option);
}

let switches: ReadonlySet<string> | undefined;

/** The names of all options that take no value. */
async function switchesOfAll(): Promise<ReadonlySet<string>> {
  const flags = [GLOBAL_FLAGS, ...(await allCommands()).map(({ flags }) => flags)].flatMap(
    Object.values<Flag<unknown>>,
  );
  const options = [...flags, help, version].flatMap(formsOf).map(({ option }) => option);
  return new Set(options.filter(({ value }) => value === undefined).flatMap(({ names }) => names));
}

/** One way to write an option. */
interface Form {
  readonly flag: Flag<unknown>;
  readonly option: Option<unknown>;
}

function formsOf(flag: Flag<unknown>): Form[] {
  return [flag, ...(flag.opposite === undefined ? [] : [flag.opposite])].map((option) => ({ flag, option }));
}

/** The options that a command knows, by each of their names. */
type Known = ReadonlyMap<string, Form>;

function optionsOf(command: Command | undefined): Known {
  const flags: Flag<unknown>[] = [...Object.values(GLOBAL_FLAGS), ...Object.values(command?.flags ?? {})];
  // desync takes this option wherever stores are reached, also where no cache is used and it means nothing. It is first: an
  // option of the command's own may have one of its names.
  if (flags.includes(timeout)) flags.unshift(cacheRepair);
  return new Map(flags.flatMap(formsOf).flatMap((form) => form.option.names.map((name) => [name, form])));
}

/** What the options say, and what is left. */
interface Read {
  readonly positionals: string[];
  readonly given: GivenFlags;
  /** Asked for instead of the command. It counts more than what is wrong beside it. */
  readonly instead: "help" | "version" | undefined;
}

async function readOptions(words: readonly string[], command: Command | undefined): Promise<Read> {
  const known = optionsOf(command);
  const given = new GivenFlags();
  const positionals: string[] = [];
  let instead: Read["instead"];
  let wrong: Problem | undefined;
  let at = 0;
  while (at < words.length) {
    const word = words[at++];
    if (word === "--") break;
    if (!isOption(word)) {
      positionals.push(word);
      continue;
    }
    for (const { name, attached } of optionsIn(word, known)) {
      const form = known.get(name);
      if (isHelp(name)) instead ??= "help";
      else if (isVersion(name)) instead ??= "version";
      else if (form === undefined) wrong ??= (say) => say.unknownOption(name, command);
      else {
        const text = attached ?? (form.option.value === undefined ? "true" : words[at++]);
        const problem = setValue(given, form, name, text);
        wrong ??= problem;
      }
    }
  }
  if (instead === undefined && wrong !== undefined) await fail(wrong);
  return { positionals: positionals.concat(words.slice(at)), given, instead };
}

/** An option as it was typed. */
interface Typed {
  readonly name: string;
  /** What was typed behind it in the same word. */
  readonly attached?: string;
}

/** `--name=value`, `-n=value`, `-nvalue`; `-ab` is `-a` and then `-b` when `-a` is a switch. */
function* optionsIn(word: string, known: Known): Generator<Typed> {
  if (word.startsWith("--")) {
    const equals = word.indexOf("=");
    yield equals === -1 ? { name: word } : { name: word.slice(0, equals), attached: word.slice(equals + 1) };
    return;
  }
  for (let at = 1; at < word.length; at++) {
    const name = `-${word[at]}`;
    const option = known.get(name)?.option;
    const rest = word.slice(at + 1);
    if (rest === "" && name !== "--") yield { name };
    else if (rest.startsWith("=")) return yield { name, attached: rest.slice(1) };
    else if (option?.value !== undefined) return yield { name, attached: rest };
    else if (option !== undefined || isHelp(name)) yield { name };
    else return yield { name: name === "--" ? word : name + rest };
  }
}

/** Returns what is wrong with the text. */
function setValue(
  given: GivenFlags,
  { flag, option }: Form,
  typed: string,
  text: string | undefined,
): Problem | undefined {
  if (text === undefined) return (say) => say.missingValue(option);
  const optionName = option.value === undefined ? typed : option.names.join(", ");
  const { words } = option;
  if (words !== undefined && !words.includes(text)) {
    return (say) => say.invalidValue(text, optionName, say.notAmong(text, words));
  }
  let value: unknown;
  try {
    value = option.parse(text);
  } catch (error) {
    if (!(error instanceof DesyncError)) throw error;
    return (say) => error.withContext(say.valueContext(text, optionName));
  }
  const before = given.get(flag);
  if (!flag.repeated || !Array.isArray(before) || !Array.isArray(value)) given.set(flag, value);
  // Not copied: there may be very many.
  else for (const one of value) before.push(one);
}

/** All are there, and not too many; none is empty, and some take one of some words. */
function problemOfArguments(command: Command, given: readonly string[]): Problem | undefined {
  const args = Object.values(command.args);
  const missing = args.find(({ optional }, i) => !optional && given.length <= i);
  if (missing !== undefined) return (say) => say.missingArgument(missing.name, command);
  if (given.length > args.length && !args.at(-1)?.repeated) return (say) => say.tooManyArguments(command);
  for (const [i, word] of given.entries()) {
    // All that is behind a repeated argument is such a one. The only word of one is left to the command.
    const { name, words } = args[Math.min(i, args.length - 1)];
    if (word === "") return (say) => say.invalidValue(word, `<${name}>`, { reason: "it is empty" });
    if (words.length > 1 && !words.includes(word)) {
      return (say) => say.invalidValue(word, `<${name}>`, say.notAmong(word, words));
    }
  }
}
