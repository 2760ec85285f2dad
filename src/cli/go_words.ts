/** Command lines as Go's programs take them, in words that the parser knows. */
import { DesyncError } from "../errors.ts";
import { HELP, VERSION_OPTION } from "./description.ts";
import { type Flag, FLAGS } from "./flags.ts";

const SWITCHES = new Set(
  Object.values(FLAGS).map((flag: Flag) => flag.flags).filter((text) => !text.includes("<"))
    .flatMap((text) => text.split(", ")),
);

/** Go's flags take `--switch=true` and `--switch=false` as well, and `-x=value`, also before their command. */
export function normalize(args: readonly string[]): string[] {
  const words: string[] = [];
  let onlyPositionals = false;
  for (const word of args) {
    onlyPositionals ||= word === "--";
    const [name, value] = word.split("=", 2);
    if (onlyPositionals || value === undefined) words.push(word);
    else if (!SWITCHES.has(name)) words.push(...(/^-[a-z]$/i.test(name) ? [name, word.slice(3)] : [word]));
    else if (/^(true|t|1)$/i.test(value)) words.push(name);
    else if (!/^(false|f|0)$/i.test(value)) {
      const given = JSON.stringify(value);
      throw new DesyncError("usage", `Invalid value ${given} of ${name}: it is neither true nor false`);
    }
  }
  return commandFirst(words);
}

/** The same words, with the options that stand before the command behind it. */
function commandFirst(words: readonly string[]): string[] {
  let at = 0;
  while (/^-./.test(words[at] ?? "") && words[at] !== "--") at += takesNextWord(words[at]) ? 2 : 1;
  const options = words.slice(0, at);
  const command = words[at];
  if (command === undefined || VERSION_OPTION.names.some((name) => options.includes(name))) return [...words];
  // `help` reports an unknown command as such.
  if (HELP.names.some((name) => options.includes(name))) return ["help", command];
  return [command, ...options, ...words.slice(at + 1)];
}

/** Whether the word behind this option is its value: not behind `--x=value`, `-xvalue` and switches. */
function takesNextWord(option: string): boolean {
  const alone = option.startsWith("--") ? !option.includes("=") : option.length === 2;
  return alone && !SWITCHES.has(option) && !HELP.names.includes(option) &&
    !VERSION_OPTION.names.includes(option);
}
