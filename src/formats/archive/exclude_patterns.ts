/**
 * Patterns for files that are left out of an archive, as in `.caexclude` files.
 *
 * One pattern a line, like .gitignore: `#` starts a comment, `!` keeps what another pattern names, a `/` at the end
 * means directories alone, and one before that ties the pattern to the directory that it is about; without, it holds
 * for everything below too. `*`, `?` and `[…]` are those of fnmatch(3) within a name, and do not match a dot at its
 * beginning. When several patterns name the same, one with `!` wins, whatever their order. A carriage return is part of
 * a pattern: lines that end in CR LF name only what ends in CR.
 *
 * Source: casync's camatch.c, checked against archives that casync 2 made.
 */
import { DesyncError } from "../../core/errors.ts";
import { quotedText } from "../../core/foreign_text.ts";
import { Glob } from "./glob.ts";

/** What is left out of a directory. */
export interface Verdict {
  /** Whether the child is left out, with all that is in it. */
  readonly excluded: boolean;
  /** What holds inside of the child, when it is a directory. */
  readonly inside: ExcludePatterns;
}

/** One component of a pattern. */
interface Rule {
  readonly glob: Glob;
  /** `further`: what matters comes behind the next slash. */
  readonly kind: "exclude" | "keep" | "further";
  readonly anchored: boolean;
  readonly directoriesOnly: boolean;
  /** What holds in the directory that {@linkcode glob} names. */
  readonly further?: Rule;
}

/**
 * The patterns that hold in one directory.
 *
 * @example What is left out of a directory
 * ```ts
 * import { ExcludePatterns } from "@desync/desync";
 *
 * const patterns = ExcludePatterns.parse(["*.o", "!keep.o", "/tmp/"], "an example");
 * const excluded = (name: string, isDirectory = false) =>
 *   patterns.test(new TextEncoder().encode(name), isDirectory).excluded;
 * if (!excluded("a.o") || excluded("keep.o") || !excluded("tmp", true)) throw new Error("not so");
 * ```
 */
export class ExcludePatterns {
  /** No patterns. */
  static readonly NONE: ExcludePatterns = new ExcludePatterns([]);
  readonly #rules: readonly Rule[];

  private constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  /** The patterns in these lines. Throws `usage` with the line's number and `origin` for an invalid one. */
  static parse(lines: readonly string[], origin: string): ExcludePatterns {
    const rules: Rule[] = [];
    for (const [i, text] of lines.entries()) {
      const line = text.replace(/^[ \t\n]+|(?<![ \t\n])[ \t\n]+$/g, "");
      if (line === "" || line.startsWith("#")) continue;
      const rule = parseRule(line);
      if (rule === undefined) {
        throw new DesyncError("usage", {
          action: "use",
          subject: `the pattern ${quotedText(line)} (${origin}, line ${i + 1})`,
          reason: "a name in it is empty, . or ..",
        });
      }
      rules.push(rule);
    }
    return rules.length === 0 ? ExcludePatterns.NONE : new ExcludePatterns(rules);
  }

  /** The patterns in the bytes of a file. A NUL ends a line as well. */
  static parseFile(bytes: Uint8Array, path: string): ExcludePatterns {
    return ExcludePatterns.parse(latin1(bytes).split(/[\n\0]/), path);
  }

  /** These and others. */
  with(others: ExcludePatterns): ExcludePatterns {
    if (others.#rules.length === 0) return this;
    return this.#rules.length === 0 ? others : new ExcludePatterns([...this.#rules, ...others.#rules]);
  }

  /** What the patterns say about a child of their directory. */
  test(name: Uint8Array, isDirectory: boolean): Verdict {
    if (this.#rules.length === 0) return { excluded: false, inside: this };
    const text = latin1(name);
    let [exclude, keep] = [false, false];
    const inside: Rule[] = [];
    for (const rule of this.#rules) {
      if (isDirectory && !rule.anchored) inside.push(rule);
      if ((rule.directoriesOnly && !isDirectory) || !rule.glob.matches(text)) continue;
      if (rule.kind === "exclude") exclude = true;
      else if (rule.kind === "keep") keep = true;
      else inside.push(rule.further!);
    }
    return {
      excluded: exclude && !keep,
      inside: inside.length === 0 ? ExcludePatterns.NONE : new ExcludePatterns(inside),
    };
  }
}

function parseRule(line: string): Rule | undefined {
  const keep = line.startsWith("!");
  const path = (keep ? line.slice(1) : line).replace(/^\/+/, "");
  const anchored = line.includes("/");
  const directoriesOnly = path.endsWith("/");
  const names = path.replace(/(?<!\/)\/+$/, "").split(/\/+/);
  if (names.some((name) => name === "" || name === "." || name === "..")) return undefined;
  return names.reduceRight<Rule | undefined>((further, name, i) => ({
    glob: new Glob(name),
    kind: further !== undefined ? "further" : keep ? "keep" : "exclude",
    anchored: anchored || i > 0,
    directoriesOnly: further !== undefined || directoriesOnly,
    further,
  }), undefined);
}

/** Bytes as characters, one each: names need not be UTF-8. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
