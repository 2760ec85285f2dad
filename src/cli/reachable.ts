/** Paths on the command line that are not UTF-8, made such that they can be opened. */
import { PathAliases } from "../deno/path_alias.ts";
import { DesyncError } from "../errors.ts";
import type { ArgumentKind } from "./arguments.ts";
import type { CommandSpec } from "./commands.ts";
import { describeArguments, describeOption } from "./description.ts";
import { type FlagName, FLAGS, type FlagValues, valueKey } from "./flags.ts";
import { schemeOf } from "./scheme.ts";

/** The argument of each command that names what it writes. */
const WRITTEN: ReadonlyMap<string, string> = new Map([
  ["extract", "output"],
  ["make", "index"],
  ["tar", "archive"],
  ["untar", "target"],
  ["cat", "output"],
  ["inspect-chunks", "output"],
]);

/** Options that name a store which is made unless it is there. */
const MADE: ReadonlySet<FlagName> = new Set(["targetStore", "targetCache", "cache"]);

/** Text that may be any bytes: patterns, and names in archives. */
const BYTES: ReadonlySet<string> = new Set(["--exclude", "--include", "<path>"]);

/** A command line whose paths can be opened, as long as it is not disposed of. */
export interface Reachable extends Disposable {
  readonly positionals: string[];
  readonly flags: FlagValues;
}

/** Throws `usage` for what is not UTF-8 and has to be. */
export function makeReachable(
  spec: CommandSpec,
  positionals: readonly string[],
  flags: FlagValues,
): Reachable {
  const aliases = new PathAliases();
  try {
    const args = describeArguments(spec);
    const reached = positionals.map((text, i) => {
      const { name, kind } = args[Math.min(i, args.length - 1)];
      const written = WRITTEN.get(spec.name) === name;
      const isTree = name === "target" && flags.outputFormat !== "gnu-tar";
      const open = (path: string) => {
        if (!written) return aliases.existing(path);
        return isTree ? aliases.folder(path) : aliases.output(path, flags.inPlace);
      };
      return reach(text, `<${name}>`, kind, open);
    });
    const values: Record<string, unknown> = { ...flags };
    for (const flag of spec.flags) {
      const { names, value } = describeOption(flag);
      if (value === undefined) continue;
      const name = names.at(-1)!;
      const { key } = valueKey(FLAGS[flag]);
      const open = (MADE.has(flag) && spec.name !== "info" ? aliases.folder : aliases.existing).bind(aliases);
      const one = (text: unknown) => typeof text === "string" ? reach(text, name, value.kind, open) : text;
      values[key] = Array.isArray(values[key]) ? values[key].map(one) : one(values[key]);
    }
    return {
      positionals: reached,
      flags: values as unknown as FlagValues,
      [Symbol.dispose]: () => aliases[Symbol.dispose](),
    };
  } catch (error) {
    aliases[Symbol.dispose]();
    throw error;
  }
}

function reach(text: string, of: string, kind: ArgumentKind, open: (path: string) => string): string {
  if (text.isWellFormed() || BYTES.has(of)) return text;
  if (kind === "text" || kind === "words" || schemeOf(text) !== undefined) {
    throw new DesyncError(
      "usage",
      `Invalid value ${JSON.stringify(text.toWellFormed())} of ${of}: it is not UTF-8`,
    );
  }
  return open(text);
}
