/** Paths on the command line that are not UTF-8, made such that they can be opened. */
import { PathAliases } from "../../deno/files/path_alias.ts";
import { DesyncError } from "../../core/errors.ts";
import { type ArgumentKind, kindOf } from "../argument.ts";
import type { Command } from "../commands.ts";
import type { Flag } from "../flags/flag.ts";
import { exclude, include } from "../flags/packing.ts";
import { inPlace } from "../flags/output.ts";
import { cache, targetCache, targetStore } from "../flags/stores.ts";
import { outputFormat } from "../flags/unpacking.ts";
import type { GivenFlags } from "../parse/given_flags.ts";
import { isPath } from "../../stores/location.ts";

/** Options that name a store which is made unless it is there. */
const MADE: readonly Flag<unknown>[] = [targetStore, targetCache, cache];

/** Text that may be any bytes: patterns, and names in archives. */
const BYTES: ReadonlySet<string> = new Set([...exclude.names, ...include.names, "<path>"]);

/** A command line whose paths can be opened, as long as it is not disposed of. */
interface Reachable extends Disposable {
  readonly words: string[];
  readonly given: GivenFlags;
}

/** Throws `usage` for what is not UTF-8 and has to be. */
export function makeReachable(command: Command, words: readonly string[], given: GivenFlags): Reachable {
  const aliases = new PathAliases();
  try {
    const args = Object.values(command.args);
    const reached = words.map((text, i) => {
      const { name, kind, written } = args[Math.min(i, args.length - 1)];
      const isTree = name === "target" && given.get(outputFormat) !== "gnu-tar";
      const open = (path: string) => {
        if (!written) return aliases.existing(path);
        return isTree ? aliases.directory(path) : aliases.output(path, given.get(inPlace));
      };
      return reach(text, `<${name}>`, kind, open);
    });
    const flags = Object.values(command.flags);
    const changed = given.withTexts((flag, text) => {
      if (!flags.includes(flag)) return text;
      const kind = flag.words === undefined ? kindOf(flag.value ?? "") : "words";
      const isMade = MADE.includes(flag) && command.name !== "info";
      const open = (path: string) => isMade ? aliases.directory(path) : aliases.existing(path);
      return reach(text, flag.names.at(-1)!, kind, open);
    });
    return { words: reached, given: changed, [Symbol.dispose]: () => aliases[Symbol.dispose]() };
  } catch (error) {
    aliases[Symbol.dispose]();
    throw error;
  }
}

function reach(text: string, of: string, kind: ArgumentKind, open: (path: string) => string): string {
  if (text.isWellFormed() || BYTES.has(of)) return text;
  if (kind === "text" || kind === "words" || !isPath(text)) {
    throw new DesyncError("usage", {
      problem: "Invalid",
      subject: `value ${JSON.stringify(text.toWellFormed())} of ${of}`,
      reason: "it is not UTF-8",
    });
  }
  return open(text);
}
