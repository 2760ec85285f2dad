/** What stands for the words in angle brackets, in options and in arguments of commands. */

/** What can be given: a kind of file, one of some words, or text that nobody can guess. */
export type ArgumentKind = "index" | "archive" | "file" | "directory" | "words" | "text";

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

/** The kind of `<name>`; what has no kind of its own is text. */
export function kindOf(name: string): ArgumentKind {
  return KINDS.get(name) ?? "text";
}
