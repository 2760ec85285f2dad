/** The regular expressions in the source, and text on which a careless one of their kind takes its time. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesIn } from "../files.ts";
import { repository } from "../process.ts";

/** A regular expression, and where it stands. */
export interface Pattern {
  readonly source: string;
  readonly flags: string;
  readonly place: string;
  /** Texts are split by it, which looks for it at each of their places. */
  readonly splits: boolean;
}

/** All regular expressions below the directory of the repository, and the places where the program makes others. */
export function patternsBelow(directory: string): { patterns: Pattern[]; made: string[] } {
  const patterns: Pattern[] = [];
  const made: string[] = [];
  for (const name of filesIn(join(repository, directory)).filter((name) => name.endsWith(".ts"))) {
    const text = readFileSync(join(repository, directory, name), "utf8");
    const place = (at: number) => `${directory}/${name}:${text.slice(0, at).split("\n").length}`;
    Deno.lint.runPlugin(
      {
        name: "patterns",
        rules: {
          collect: {
            create: () => ({
              Literal: (node) => {
                if (!("regex" in node) || node.regex === undefined) return;
                const { pattern: source, flags } = node.regex;
                const splits = text.slice(0, node.range[0]).endsWith(".split(");
                patterns.push({ source, flags, place: place(node.range[0]), splits });
              },
              "[callee.name='RegExp']": (node) => made.push(place(node.range[0])),
            }),
          },
        },
      },
      name,
      text,
    );
  }
  return { patterns, made };
}

/** What a pattern is made of: first what stands for a character, then the rest. */
const PARTS =
  /(?<part>\\[bB]|\\u\{[\da-f]+\}|\\u[\da-f]{4}|\\x[\da-f]{2}|\\[pP]\{\w+\}|\\.|\[(?:\\.|[^\]\\])*\]|[^()^$|{}*+?])|\(\?(?:[:=!]|<[=!]|<\w+>)|\{\d+,?\d*\}|./gisu;

/** One of the characters that each part of a pattern takes, in their order: what the pattern takes, roughly. */
function sample({ source, flags }: Pattern): string[] {
  const samples: string[] = [];
  for (const { groups } of source.matchAll(PARTS)) {
    const part = groups?.part;
    // A word's border, and what was found before, are no characters.
    if (part === undefined || /^\\[bB1-9]$/.test(part)) continue;
    const one = new RegExp(`^${part}$`, flags.replaceAll(/[gy]/g, ""));
    samples.push(LETTERS.find((letter) => one.test(letter)) ?? "\u00ad");
  }
  return samples;
}

const LETTERS = [" ", "a", "0", "A", ...Array.from({ length: 127 }, (_, code) => String.fromCharCode(code))];

/** Beginnings of what the pattern takes with a part of it again and again, and an end that it does not take. */
export function* hostileText(pattern: Pattern, length: number): Generator<string> {
  const parts = sample(pattern);
  const whole = parts.join("");
  const repeated = (text: string) => text.repeat(Math.ceil(length / text.length));
  const seen = new Set<string>();
  const marks = [...new Set(parts)].filter((part) => !/[a-z0-9]/i.test(part));
  const pairs = marks.flatMap((one) => marks.map((two) => one + two));
  for (const pump of [...LETTERS.slice(0, 3), "\n", "*", ...pairs, whole].filter((text) => text !== "")) {
    yield repeated(pump);
    yield `${repeated(pump)}\u0001`;
  }
  for (let at = 0; at < parts.length; at++) {
    for (const size of [1, 2]) {
      const [before, pump] = [parts.slice(0, at).join(""), parts.slice(at, at + size).join("")];
      // What is repeated at the beginning and elsewhere differs only for what is tied to the beginning.
      if (seen.has(before + "\0" + pump)) continue;
      seen.add(before + "\0" + pump);
      yield `${before}${repeated(pump)}\u0001`;
      yield `x${before}${repeated(pump)}\u0001\n${parts.slice(at + size).join("")}`;
    }
  }
}
