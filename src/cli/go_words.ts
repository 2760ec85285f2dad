/** Command lines as Go's programs take them, in words that the parser knows. */
import { DesyncError } from "../errors.ts";
import { type Flag, FLAGS } from "./flags.ts";

const SWITCHES = new Set(
  Object.values(FLAGS).map((flag: Flag) => flag.flags).filter((text) => !text.includes("<"))
    .flatMap((text) => text.split(", ")),
);

/** Go's flags take `--switch=true` and `--switch=false` as well, and `-x=value`; `--help` may stand before its command. */
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
  const [first, command] = words;
  const helpFirst = (first === "--help" || first === "-h") && command !== undefined &&
    !command.startsWith("-");
  return helpFirst ? ["help", command] : words;
}
