/** What an argument of a command is, and how one is made. */

/** What can be given: a kind of file, one of some words, or free text. */
export type ArgumentKind = "index" | "archive" | "file" | "directory" | "words" | "text";

/** An argument. A command that lists it gets a `T`. */
export interface Argument<T> {
  /** As the help calls it. */
  readonly name: string;
  readonly kind: ArgumentKind;
  /** What it can be, of the kind `words`. */
  readonly words: readonly string[];
  readonly optional: boolean;
  readonly repeated: boolean;
  /** Names what the command writes. */
  readonly written: boolean;
  /** Takes its own from the words that are left. */
  readonly take: (words: readonly string[]) => T;
}

/** What a command takes behind its name, in this order, by the names under which it reads it. */
export type Arguments = Readonly<Record<string, Argument<unknown>>>;

/** The values of arguments. */
export type ArgumentValues<A extends Arguments> = { readonly [Name in keyof A]: ReturnType<A[Name]["take"]> };

/** What the words mean, of which there are enough and not too many. */
export function readArguments<A extends Arguments>(args: A, words: readonly string[]): ArgumentValues<A> {
  const values = Object.entries(args).map(([name, argument], i) => [name, argument.take(words.slice(i))]);
  return Object.fromEntries(values);
}

/** `<name>`: one word. */
export function argument(name: string): Argument<string> {
  return { ...described(name), optional: false, repeated: false, take: ([word]) => word };
}

/** `[name]`: one word or none. */
export function optional(name: string): Argument<string | undefined> {
  return { ...argument(name), optional: true };
}

/** `<name>...`: at least one word. */
export function several(name: string): Argument<readonly string[]> {
  return { ...described(name), optional: false, repeated: true, take: (words) => words };
}

/** `[name...]`: any number of words. */
export function anyNumber(name: string): Argument<readonly string[]> {
  return { ...several(name), optional: true };
}

/** `<name>`: one of these words. */
export function oneOf<const Word extends string>(name: string, words: readonly Word[]): Argument<Word> {
  return { ...argument(name), kind: "words", words, take: ([word]) => word as Word };
}

/** An argument that is always this word, which the command sees to. */
export function placeholder(name: string, word: string): Argument<string> {
  return { ...argument(name), kind: "words", words: [word] };
}

/** The same argument for what the command writes. */
export function written<T>(argument: Argument<T>): Argument<T> {
  return { ...argument, written: true };
}

function described(name: string) {
  return { name, kind: kindOf(name), words: [], written: false };
}

const KINDS: ReadonlyMap<string, ArgumentKind> = new Map([
  ["index", "index"],
  ["archive", "archive"],
  ["file", "file"],
  ["output", "file"],
  ["directory", "directory"],
  ["location", "directory"],
  ["store", "directory"],
  ["target", "directory"],
  ["source", "directory"],
]);

/** The kind of what is called so, as an argument or behind an option; what has no kind of its own is text. */
export function kindOf(name: string): ArgumentKind {
  return KINDS.get(name) ?? "text";
}
