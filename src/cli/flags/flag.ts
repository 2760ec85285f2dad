/** What an option is, and how one is made. Each is a value, defined once, which commands list. */
import { DesyncError } from "../../core/errors.ts";

/** How an option is written, what it takes, and what it is for. */
export interface Option<T> {
  /** `-s`, `--store`. */
  readonly names: readonly string[];
  /** What stands behind it, as the help calls it: `location`. A switch takes nothing. */
  readonly value?: string;
  /** What can stand there, where that is fixed: for the parser, which refuses other words, and completion. */
  readonly words?: readonly string[];
  readonly description: string;
  /** What the text behind it means; throws what is wrong with the text: "it is not a whole number". */
  readonly parse: (text: string) => T;
}

/** An option. A command that lists it gets a `T`. */
export interface Flag<T> extends Option<T> {
  /** What holds without the option. */
  readonly fallback: T;
  /** How the help describes that, where it does not speak for itself. */
  readonly fallbackText?: string;
  /** May be given several times: all that is given counts. Of other options the last counts. */
  readonly repeated: boolean;
  /** Another option for the same value, which says the contrary. */
  readonly opposite?: Option<T>;
}

/** What a command lists, by the names under which it reads their values. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values of the options that a command lists, and of no others. */
export type Values<F extends Flags> = { readonly [Name in keyof F]: F[Name]["fallback"] };

type Switch = Pick<Option<boolean>, "names" | "description">;

/** A switch: `true` when it is given. */
export function toggle(option: Switch): Flag<boolean> {
  return { ...option, parse: isTrue, fallback: false, repeated: false };
}

/** A switch to say yes and another to say no; without either, `undefined`. */
export function yesOrNo(yes: Switch, no: Switch): Flag<boolean | undefined> {
  const parse = (value: boolean) => (text: string) => isTrue(text) ? value : undefined;
  return {
    ...yes,
    parse: parse(true),
    fallback: undefined,
    repeated: false,
    opposite: { ...no, parse: parse(false) },
  };
}

/** Go's switches take a value as well: `false` takes back what stands before it. */
function isTrue(text: string): boolean {
  if (/^(true|t|1)$/i.test(text)) return true;
  if (/^(false|f|0)$/i.test(text)) return false;
  throw new DesyncError("usage", { reason: "it is neither true nor false" });
}

/** A switch that may name one of the words as well: `--x=word`. Alone it is the first; `undefined` without it. */
export function optionalChoice<const Word extends string>(
  { words, ...option }: Switch & { readonly words: readonly Word[] },
): Flag<Word | undefined> {
  const parse = (text: string) => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    try {
      return isTrue(text) ? words[0] : undefined;
    } catch {
      throw new DesyncError("usage", { reason: `it is none of ${words.join(", ")}` });
    }
  };
  return { ...option, parse, fallback: undefined, repeated: false };
}

type Taking<T> = Option<T> & { readonly value: string; readonly fallbackText?: string };

/** An option that takes one value; `undefined` without it, unless it has a fallback. */
export function option<T>(option: Taking<T> & { readonly fallback: T }): Flag<T>;
export function option<T>(option: Taking<T>): Flag<T | undefined>;
export function option<T>(option: Taking<T> & { readonly fallback?: T }): Flag<T | undefined> {
  return { fallback: undefined, ...option, repeated: false };
}

type Choosing<Word> = Omit<Taking<Word>, "parse" | "words"> & { readonly words: readonly Word[] };

/** An option that takes one of the words; `undefined` without it, unless it has a fallback. */
export function choice<const Word extends string>(
  option: Choosing<Word> & { readonly fallback: NoInfer<Word> },
): Flag<Word>;
export function choice<const Word extends string>(option: Choosing<Word>): Flag<Word | undefined>;
export function choice<const Word extends string>(
  option: Choosing<Word> & { readonly fallback?: Word },
): Flag<Word | undefined> {
  // The parser has refused other texts.
  return { fallback: undefined, ...option, parse: (text) => text as Word, repeated: false };
}

/** An option that may be repeated: a list of all values, `undefined` without it. `parse` gives those of one text. */
export function list(option: Taking<string[]>): Flag<readonly string[] | undefined> {
  return { ...option, fallback: undefined, repeated: true };
}
